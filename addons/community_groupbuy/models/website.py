from odoo import models
from odoo.http import request

from odoo.addons.website_sale.models.website import CART_SESSION_CACHE_KEY

PAY_SESSION_KEY = "groupbuy_pay_order_id"
# Odoo's payment page, and what is posted from it.
PAY_PATHS = ("/shop/payment", "/shop/pricelist", "/shop/claimreward", "/coupon/")
# Where residents go to buy what is in their own cart.
CART_PATHS = ("/shop/cart", "/shop/checkout", "/shop/address")


class Website(models.Model):
    _inherit = "website"

    def _get_and_cache_current_cart(self):
        """Override of `website_sale`: on the payment page a join is the cart.

        Odoo's payment page and the coupons on it work on the session's cart. The
        resident's own cart stays in the session all the while.
        """
        path = request.httprequest.path
        if path.startswith(CART_PATHS):
            self._groupbuy_end_payment()
        elif path.startswith(PAY_PATHS):
            order_sudo = self._groupbuy_get_paying()
            if order_sudo._is_groupbuy_join():
                return order_sudo
        self._groupbuy_keep_own_cart()
        return super()._get_and_cache_current_cart()

    def _groupbuy_get_paying(self):
        """:return: the join that this session is about to pay, sudoed, or nothing"""
        # As for carts: the session got its number after a check of access.
        order_sudo = self.env["sale.order"].sudo()
        order_sudo = order_sudo.browse(request.session.get(PAY_SESSION_KEY)).exists()
        user = self.env.user
        if user._is_public() or order_sudo.partner_id == user.partner_id:
            return order_sudo
        return order_sudo.browse()

    def _groupbuy_keep_own_cart(self):
        """Keep Odoo from taking an unpaid join for the cart that was left behind."""
        if CART_SESSION_CACHE_KEY in request.session or self.env.user._is_public():
            return
        # As the original: carts belong to no user, the domain keeps to one's own.
        carts_sudo = (
            self.env["sale.order"]
            .sudo()
            .search(
                [
                    ("partner_id", "=", self.env.user.partner_id.id),
                    ("website_id", "=", self.id),
                    ("state", "=", "draft"),
                ]
            )
        )
        if carts_sudo.groupbuy_campaign_id:
            cart_sudo = carts_sudo.filtered(lambda cart: not cart.groupbuy_campaign_id)[
                :1
            ]
            request.session[CART_SESSION_CACHE_KEY] = cart_sudo.id
            request.session["website_sale_cart_quantity"] = cart_sudo.cart_quantity

    def _groupbuy_start_payment(self, order):
        """Let Odoo's payment page show a join instead of the cart."""
        request.session[PAY_SESSION_KEY] = order.id

    def _groupbuy_end_payment(self):
        """Let Odoo's payment page show the session's own cart again."""
        request.session.pop(PAY_SESSION_KEY, None)
