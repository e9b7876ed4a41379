from odoo import models


class PaymentTransaction(models.Model):
    """Refunds that residents want in their wallet."""

    _inherit = "payment.transaction"

    def _groupbuy_prepare_refunds(self, amount):
        """Override to refund to the wallet where the resident has chosen so.

        Payment by payment as always, so that no payment is refunded above its amount.
        """
        vals_list = super()._groupbuy_prepare_refunds(amount)
        for vals in vals_list:
            payment = self.browse(vals["source_transaction_id"])
            order = payment.sale_order_ids[:1]
            if order._groupbuy_refunds_to_wallet():
                provider = order.company_id._groupbuy_get_wallet_provider()
                vals["provider_id"] = provider.id
                vals["payment_method_id"] = (
                    provider.with_context(active_test=False).payment_method_ids[:1].id
                )
        return vals_list

    def _send_refund_request(self):
        """Override of `payment`: put the money into the payer's wallet.

        In the same database transaction as the refund's state: both or none.
        """
        if self.provider_code != "groupbuy_wallet":
            return super()._send_refund_request()
        card_sudo = self.partner_id._groupbuy_get_wallet_card(self.company_id)
        card_sudo.points = self.currency_id.round(card_sudo.points - self.amount)
        self.env["loyalty.history"].sudo().create(
            {
                "card_id": card_sudo.id,
                "description": self.env._("Refund %s", self.reference),
                "issued": -self.amount,
                "order_model": "sale.order",
                "order_id": self.groupbuy_order_id.id,
            }
        )
        self._set_done()
