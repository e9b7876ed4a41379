from odoo import api, models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    @api.model_create_multi
    def create(self, vals_list):
        """Override: nothing withheld is paid, by whatever page, link or call a payment
        is started; the shop's own check is one of several ways."""
        transactions = super().create(vals_list)
        started = transactions.filtered(
            lambda tx: tx.operation not in ("refund", "validation")
        )
        if started.sale_order_ids:
            started.sale_order_ids._groupbuy_check_withheld()
        return transactions
