import psycopg2

from odoo.exceptions import AccessError, MissingError, ValidationError
from odoo.http import request, route

from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing
from odoo.addons.sale.controllers import portal as sale_portal
from odoo.addons.website_sale.controllers.main import WebsiteSale


class GroupbuyPayment(WebsiteSale):
    """Odoo's own payment page, for a join instead of the cart."""

    @route(
        "/groupbuy/pay/<int:order_id>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def groupbuy_pay(self, order_id, access_token=None, **_kwargs):
        """Go to Odoo's payment page with a join, to its own page if it is paid."""
        try:
            order_sudo = self._document_check_access(
                "sale.order", order_id, access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my/groupbuy")
        if not order_sudo.groupbuy_campaign_id:
            return request.redirect("/my")
        user = request.env.user
        foreign = not user._is_public() and user.partner_id != order_sudo.partner_id
        if foreign or not order_sudo._groupbuy_is_payable():
            return request.redirect(order_sudo._get_groupbuy_url())
        request.website._groupbuy_start_payment(order_sudo)
        return request.redirect("/shop/payment")

    def _get_shop_payment_values(self, order, **kwargs):
        """Override of `website_sale`: a paid join is shown among one's group buys."""
        values = super()._get_shop_payment_values(order, **kwargs)
        if order.groupbuy_campaign_id:
            values["landing_route"] = order._get_groupbuy_url()
            values["groupbuy_seconds"] = order._groupbuy_get_seconds_to_pay()
            values["show_wizard_checkout"] = False
        return values

    def _check_cart_and_addresses(self, order_sudo):
        """Override of `website_sale`: a join is collected, it needs no address."""
        if order_sudo.groupbuy_campaign_id:
            return None
        return super()._check_cart_and_addresses(order_sudo)

    @route()
    def shop_payment(self, **post):
        """Override of `website_sale`: a join is paid once, and while it is held."""
        order_sudo = request.website._groupbuy_get_paying()
        if order_sudo and not order_sudo._groupbuy_is_payable():
            request.website._groupbuy_end_payment()
            return request.redirect(order_sudo._get_groupbuy_url())
        return super().shop_payment(**post)

    @route()
    def shop_payment_validate(self, sale_order_id=None, **post):
        """Override of `website_sale`: a join that coupons pay whole takes part."""
        order_sudo = request.website._groupbuy_get_paying()
        if not order_sudo or sale_order_id:
            return super().shop_payment_validate(sale_order_id=sale_order_id, **post)
        if not order_sudo.amount_total:
            order_sudo._check_cart_is_ready_to_be_paid()
            order_sudo._validate_order()
        request.website._groupbuy_end_payment()
        return request.redirect(order_sudo._get_groupbuy_url())


class PaymentPortal(sale_portal.PaymentPortal):
    @route()
    def portal_order_transaction(self, order_id, access_token, **kwargs):
        """Override of `sale`: it takes the client's amount and does not ask whether
        the pieces are still held, so joins are paid on the shop's payment page only.
        """
        # Only whether it is a join is looked at; access is checked by the original.
        if request.env["sale.order"].sudo().browse(order_id).groupbuy_campaign_id:
            raise ValidationError(
                request.env._("Please pay this order from the group buy's own page.")
            )
        return super().portal_order_transaction(order_id, access_token, **kwargs)


class GroupbuyPostProcessing(PaymentPostProcessing):
    @route()
    def display_status(self, **kwargs):
        """Override of `payment`: a join that is paid is shown without a wait."""
        tx_sudo = self._get_monitored_transaction()
        if tx_sudo.groupbuy_order_id and tx_sudo.state == "done":
            try:
                with request.env.cr.savepoint():
                    if not tx_sudo.is_post_processed:
                        tx_sudo._post_process()
                return request.redirect(tx_sudo.landing_route)
            except psycopg2.OperationalError:
                raise
            except Exception:
                # The status page tries again, and says what it meets.
                request.env.invalidate_all()
        return super().display_status(**kwargs)
