from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _search_reconciled_payment_ids(self, operator, value):
        """Override of `account`: what is being booked is matched with nothing yet.

        Odoo would ask the database for the invoices of each payment whose entry it has
        just written, before anything has been reconciled.
        """
        if self.env.context.get("groupbuy_booking"):
            return [(0, "=", 1)]
        return super()._search_reconciled_payment_ids(operator, value)
