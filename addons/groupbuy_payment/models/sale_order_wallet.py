from odoo import fields, models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    _inherit = "sale.order"

    groupbuy_refund_to = fields.Selection(
        [("original", "The way it was paid"), ("wallet", "My wallet")],
        string="Refunds Go To",
        required=True,
        default="original",
        copy=False,
        help="Where money goes that this order gives back from now on.",
    )

    def groupbuy_set_refund_to(self, refund_to):
        """Choose where money goes that this order of one's own gives back.

        :param str refund_to: original or wallet
        :raise UserError: somebody else's order, not offered, or bad input
        """
        # Checks whose it is; residents may not write orders.
        order_sudo = self._check_groupbuy_access()
        if refund_to not in ("original", "wallet"):
            raise UserError(self.env._("Choose where the money goes."))
        if refund_to == "wallet" and not order_sudo._groupbuy_offers_wallet():
            raise UserError(self.env._("Refunds to the wallet are not offered."))
        order_sudo.groupbuy_refund_to = refund_to

    def _groupbuy_offers_wallet(self):
        """Whether the resident may have refunds of this order in the wallet."""
        self.ensure_one()
        company_sudo = self.company_id.sudo()
        return (
            company_sudo.groupbuy_wallet_refund
            and self.currency_id == company_sudo.currency_id
            and bool(company_sudo.chart_template)
        )

    def _groupbuy_refunds_to_wallet(self):
        """Whether the next refund goes to the wallet."""
        return (
            len(self) == 1
            and self.groupbuy_refund_to == "wallet"
            and self._groupbuy_offers_wallet()
        )
