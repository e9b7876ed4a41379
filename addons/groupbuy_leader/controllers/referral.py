from odoo.addons.website_sale.controllers.main import WebsiteSale
from odoo.addons.website_sale.controllers.payment import PaymentPortal


class ReferralShop(WebsiteSale):
    """Orders of the ordinary shop learn who brought them before they are paid."""

    def _get_shop_payment_values(self, order, **kwargs):
        """Override of `website_sale` to note who brought an order: also one that costs
        nothing, which nobody pays."""
        if order:
            order._groupbuy_attribute()
        return super()._get_shop_payment_values(order, **kwargs)


class ReferralPayment(PaymentPortal):
    def _validate_transaction_for_order(self, transaction, sale_order):
        """Override of `website_sale` to note who brought an order that is paid by
        express, past the payment page."""
        sale_order._groupbuy_attribute()
        return super()._validate_transaction_for_order(transaction, sale_order)
