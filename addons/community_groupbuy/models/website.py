from odoo import models
from odoo.http import request

from odoo.addons.website_sale.models.website import CART_SESSION_CACHE_KEY

PAY_SESSION_KEY = "groupbuy_pay_order_id"


class Website(models.Model):
    _inherit = "website"

    def _get_and_cache_current_cart(self):
        """Override of `website_sale`: a join is no cart, except on its way to payment.

        Odoo's payment page and the coupons on it work on the session's cart. The
        resident's own cart waits meanwhile and comes back by itself.
        """
        cart_sudo = super()._get_and_cache_current_cart()
        paying = request.session.get(PAY_SESSION_KEY)
        if not cart_sudo.groupbuy_campaign_id or cart_sudo.id == paying:
            return cart_sudo
        cart_sudo = self._find_own_cart()
        request.session[CART_SESSION_CACHE_KEY] = cart_sudo.id
        request.session["website_sale_cart_quantity"] = cart_sudo.cart_quantity
        return cart_sudo

    def _find_own_cart(self):
        # As the original: carts belong to no user, the domain keeps to one's own.
        order_model_sudo = self.env["sale.order"].sudo()
        return order_model_sudo.search(
            [
                ("partner_id", "=", self.env.user.partner_id.id),
                ("website_id", "=", self.id),
                ("state", "=", "draft"),
                ("groupbuy_campaign_id", "=", False),
            ],
            limit=1,
        )

    def _groupbuy_start_payment(self, order):
        """Make a join the session's cart, so that Odoo's payment page shows it."""
        request.session[PAY_SESSION_KEY] = order.id
        request.session[CART_SESSION_CACHE_KEY] = order.id

    def _groupbuy_end_payment(self):
        """Give the session its own cart back."""
        if request.session.pop(PAY_SESSION_KEY, None):
            self.sale_reset()
