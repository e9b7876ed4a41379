from odoo import models

from .groupbuy_commission_ledger import LEDGER_KINDS


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _groupbuy_charges(self):
        """Override of `groupbuy_payment`: what leaders get of these lines."""
        charges = super()._groupbuy_charges()
        # It follows from the orders; nobody needs rights on commissions for it.
        commissions_sudo = (
            self.env["groupbuy.commission"]
            .sudo()
            .search([("sale_line_id", "in", self.ids)], order="id")
        )
        for commission, (
            _base,
            _quantity,
            units,
        ) in commissions_sudo._get_amounts().items():
            if units:
                line = self.browse(commission.sale_line_id.id)
                charges[line] = charges[line] + [
                    {
                        "payee": commission.leader_id.partner_id,
                        "role": "leader",
                        "kind": LEDGER_KINDS[commission.kind],
                        "amount": units * line.company_id.currency_id.rounding,
                    }
                ]
        return charges

    def _groupbuy_get_pieces(self):
        """:return: how many are bought, in the product's own unit"""
        self.ensure_one()
        return self.product_uom_id._compute_quantity(
            self.product_uom_qty, self.product_id.uom_id, round=False
        )
