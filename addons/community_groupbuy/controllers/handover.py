from werkzeug.exceptions import NotFound

from odoo.exceptions import AccessError, MissingError
from odoo.http import request, route

from odoo.addons.sale.controllers.portal import CustomerPortal

from ..record_id import find_record


class GroupbuyHandover(CustomerPortal):
    """The desk of a pickup point, and what residents show there."""

    # === RESIDENTS === #

    @route(
        "/my/groupbuy/<int:order_id>/qr.png",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def groupbuy_order_qr(self, order_id, access_token=None, **_kwargs):
        """Draw the QR code of an order that can be collected.

        Only for its resident, or whoever has the order's own link.
        """
        try:
            order_sudo = self._document_check_access(
                "sale.order", order_id, access_token=access_token
            )
        except (AccessError, MissingError) as error:
            raise NotFound() from error
        if not order_sudo.groupbuy_pickup_code:
            raise NotFound()
        return request.make_response(
            order_sudo._groupbuy_get_qr_png(),
            headers=[
                ("Content-Type", "image/png"),
                ("Cache-Control", "private, max-age=3600"),
            ],
        )

    # === DESK === #

    def _prepare_home_portal_values(self, counters):
        """Override of `portal`: who runs a point finds its desk on the home page."""
        values = super()._prepare_home_portal_values(counters)
        if "groupbuy_handover_count" in counters:
            # Of the points that this user runs only.
            orders_sudo = request.env["sale.order"].sudo()
            points_sudo = self._get_handover_points()
            values["groupbuy_handover_count"] = orders_sudo.search_count(
                points_sudo._get_handover_domain()
            )
        return values

    def _get_handover_points(self):
        return request.env["groupbuy.pickup.point"]._get_run_by(request.env.user)

    @route("/my/handover", type="http", auth="user", website=True, sitemap=False)
    def groupbuy_handover(self, code=None, point_id=None, **_kwargs):
        """Show the desk to those who run a pickup point.

        :param str code: of the QR code that led here, or an order's number
        :param str point_id: at which of several points; default: the first one
        """
        points_sudo = self._get_handover_points()
        if not points_sudo:
            return request.redirect("/my")
        props = {"code": (code or "")[:100]}
        if point := points_sudo.filtered(lambda own: str(own.id) == point_id):
            props["pointId"] = point.id
        return request.render(
            "community_groupbuy.handover_page",
            {"props": props, "page_name": "groupbuy_handover"},
        )

    @route("/groupbuy/handover/desk", type="jsonrpc", auth="user", readonly=True)
    def groupbuy_handover_desk(self, point_id=None, search="", offset=0):
        """:return: the points that the user runs, and what waits at one of them"""
        points_sudo = self._get_handover_points()
        point = points_sudo.filtered(lambda candidate: candidate.id == point_id)
        point = (point or points_sudo[:1]).sudo(False)
        return {
            "points": [{"id": own.id, "name": own.name} for own in points_sudo],
            "point_id": point.id,
            **(point.get_handover_orders(search, offset) if point else {}),
            "recent": point.get_recent_handovers() if point else [],
        }

    @route("/groupbuy/handover/find", type="jsonrpc", auth="user", readonly=True)
    def groupbuy_handover_find(self, point_id, code):
        """See `groupbuy.pickup.point.find_handover`."""
        return self._find_point(point_id).find_handover(code)

    @route("/groupbuy/handover/do", type="jsonrpc", auth="user")
    def groupbuy_handover_do(self, point_id, codes, signature=None):
        """See `groupbuy.pickup.point.hand_over`."""
        return self._find_point(point_id).hand_over(codes, signature)

    @route("/groupbuy/handover/undo", type="jsonrpc", auth="user")
    def groupbuy_handover_undo(self, handover_id):
        """See `groupbuy.handover.undo`."""
        return self._find_record("groupbuy.handover", handover_id).undo()

    def _find_point(self, point_id):
        return self._find_record("groupbuy.pickup.point", point_id)

    def _find_record(self, model, record_id):
        """:return: the record of that number or none; access is checked by what is
        called on it"""
        return find_record(request.env[model], record_id)
