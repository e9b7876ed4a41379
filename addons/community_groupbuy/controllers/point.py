from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request, route

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.website_sale.controllers.main import WebsiteSale

from .main import _to_int


class GroupbuyOrderPoint(CustomerPortal):
    """What residents change about where their goods go."""

    def _change_groupbuy(self, order_id, change):
        """Change one's own order, and go back to its page, with the reason if refused.

        :param change: called with the order
        """
        try:
            order_sudo = self._document_check_access("sale.order", order_id)
            with request.env.cr.savepoint():
                change(request.env["sale.order"].browse(order_id))
        except (AccessError, MissingError):
            return request.redirect("/my")
        except UserError as error:
            request.session["groupbuy_error"] = str(error)
        return request.redirect(order_sudo.get_portal_url())

    @route(
        "/my/groupbuy/<int:order_id>/point",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_my_groupbuy_point(self, order_id, pickup_point_id=None, **_kwargs):
        """Have one's own order collected at another point."""
        point_id = _to_int(pickup_point_id)
        return self._change_groupbuy(
            order_id, lambda order: order.action_groupbuy_move_point(point_id)
        )

    @route(
        "/my/groupbuy/<int:order_id>/received",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_my_groupbuy_received(self, order_id, **_kwargs):
        """Say that what was brought to the door has come."""
        return self._change_groupbuy(
            order_id, lambda order: order.action_groupbuy_confirm_received()
        )


class GroupbuyCheckout(WebsiteSale):
    """Collecting at a pickup point what was bought in the ordinary shop."""

    def _get_shop_payment_errors(self, order):
        """Override of `website_sale`: what is collected needs a point that is open."""
        errors = super()._get_shop_payment_errors(order)
        try:
            order._groupbuy_check_pickup_point()
        except UserError as error:
            title = request.env._("Your pickup point is missing.")
            errors.append((title, str(error)))
        return errors
