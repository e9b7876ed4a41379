import base64

from odoo.exceptions import AccessError, UserError
from odoo.http import request, route

from odoo.addons.community_groupbuy.record_id import MAX_ID
from odoo.addons.portal.controllers.portal import pager as portal_pager

from .leader_portal import LeaderPortal, to_number

# A little more than is allowed, so that too much can be told from just enough.
MAX_READ = 5 * 2**20 + 16


class LeaderDay(LeaderPortal):
    """What comes to a leader's points, and whose it is."""

    @route("/my/leader", type="http", auth="user", website=True, sitemap=False)
    def portal_leader(self, **_kwargs):
        """Show what is to be done today; who is no leader can apply."""
        if not request.env.user._groupbuy_get_leader():
            return request.redirect("/groupbuy/lead")
        values = self._prepare_leader_values("today")
        values.update(values["leader"]._prepare_today())
        return request.render("groupbuy_leader.portal_today", values)

    # === ORDERS === #

    @route(
        ["/my/leader/orders", "/my/leader/orders/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        sitemap=False,
    )
    def portal_leader_orders(self, page=1, status=None, search="", **kwargs):
        """List the orders of the leader's points."""
        values = self._prepare_leader_values("orders")
        leader_sudo = values["leader"]
        filters = {
            "search": search[:100],
            "point_id": self._to_leader_id(kwargs.get("point_id")),
            "campaign_id": self._to_leader_id(kwargs.get("campaign_id")),
        }
        counts = leader_sudo._count_orders(**filters)
        orders_sudo = request.env["sale.order"].sudo()
        labels = dict(
            orders_sudo._fields["groupbuy_status"]._description_selection(request.env)
        )
        labels["late"] = request.env._("Not Collected in Time")
        tabs = [
            (name, label, counts[name])
            for name, label in labels.items()
            if counts.get(name)
        ]
        status = status if counts.get(status) else None
        total = sum(count for name, count in counts.items() if name != "late")
        url_args = {name: value for name, value in filters.items() if value}
        pager = portal_pager(
            url="/my/leader/orders",
            url_args={**url_args, "status": status} if status else url_args,
            total=counts[status] if status else total,
            page=min(page, MAX_ID),
            step=self._items_per_page,
        )
        values.update(
            # Of the leader's own points, by the domain.
            orders=orders_sudo.search(
                leader_sudo._get_order_domain(status, **filters),
                order="date_order desc, id desc",
                limit=self._items_per_page,
                offset=pager["offset"],
            ),
            points=leader_sudo._get_run_points(),
            campaigns=request.env["groupbuy.leader.message"]
            .sudo()
            ._get_campaigns(leader_sudo),
            filters=filters,
            url_args=url_args,
            status=status,
            tabs=tabs,
            total=total,
            pager=pager,
        )
        return request.render("groupbuy_leader.portal_orders", values)

    def _to_leader_id(self, text):
        number = to_number(text)
        return number if isinstance(number, int) and 0 < number <= MAX_ID else None

    @route(
        "/my/leader/orders/<int:order_id>",
        type="http",
        auth="user",
        website=True,
        sitemap=False,
    )
    def portal_leader_order(self, order_id, **_kwargs):
        """Show one order of the leader's points; its pickup code is not shown, since
        it is what the resident proves."""
        leader_sudo = self._get_groupbuy_leader()
        order_sudo = self._find_leader_record(
            "sale.order", order_id, leader_sudo._get_order_domain()
        )
        values = self._prepare_leader_values("orders", order_sudo.name)
        values.update(
            order=order_sudo,
            phone=leader_sudo._get_phone(order_sudo),
            lines=order_sudo._groupbuy_get_goods().filtered("product_uom_qty"),
            issue_lines=order_sudo.groupbuy_issue_line_ids,
            timeline=order_sudo._groupbuy_prepare_timeline(),
            is_own=order_sudo.pickup_point_id in leader_sudo.point_ids,
        )
        return request.render("groupbuy_leader.portal_order", values)

    # === ARRIVAL === #

    @route(
        "/my/leader/arrivals/<int:picking_id>",
        type="http",
        auth="user",
        website=True,
        sitemap=False,
    )
    def portal_leader_arrival(self, picking_id, **_kwargs):
        """Show the manifest of a delivery, to be compared with what has come."""
        return self._render_leader_arrival(self._find_leader_transfer(picking_id))

    def _find_leader_transfer(self, picking_id):
        domain = self._get_groupbuy_leader()._get_transfer_domain()
        return self._find_leader_record("stock.picking", picking_id, domain)

    def _render_leader_arrival(self, transfer_sudo, form=None, error=None):
        values = self._prepare_leader_values("today", transfer_sudo.name)
        if transfer_sudo.state == "done":
            manifest = transfer_sudo._groupbuy_get_came()
        else:
            manifest = {}
            for move in transfer_sudo.move_ids:
                if move.state != "cancel":
                    pieces = manifest.get(move.product_id, 0.0) + move.product_qty
                    manifest[move.product_id] = pieces
        values.update(
            transfer=transfer_sudo,
            manifest=manifest,
            form=form or {},
            error=error or values["error"],
        )
        return request.render("groupbuy_leader.portal_arrival", values)

    @route(
        "/my/leader/arrivals/<int:picking_id>/record",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def portal_leader_arrival_record(self, picking_id, **post):
        """Record what has come; fields `short_<product>`, `damaged_<product>`,
        `note_<product>`, `photo_<product>`, all of which may be left out."""
        transfer_sudo = self._find_leader_transfer(picking_id)
        try:
            with request.env.cr.savepoint():
                # As the leader: the method checks whose point it is.
                transfer = request.env["stock.picking"].browse(transfer_sudo.id)
                transfer.groupbuy_record_arrival(
                    self._read_leader_arrival(transfer_sudo, post)
                )
        except (AccessError, UserError) as error:
            transfer_sudo.invalidate_recordset()
            return self._render_leader_arrival(transfer_sudo, post, str(error))
        request.session["groupbuy_done"] = request.env._(
            "The arrival is recorded. Residents are being told."
        )
        return request.redirect("/my/leader")

    def _read_leader_arrival(self, transfer_sudo, post):
        """:return: what the form says, as `groupbuy_record_arrival` wants it"""
        lines = []
        for product in transfer_sudo._groupbuy_get_came():
            lost = {
                name: to_number(post.get(f"{name}_{product.id}"))
                for name in ("short", "damaged")
            }
            if not any(lost.values()):
                continue
            file = request.httprequest.files.get(f"photo_{product.id}")
            photo = file and file.filename and file.read(MAX_READ)
            lines.append(
                {
                    "product_id": product.id,
                    **lost,
                    "note": post.get(f"note_{product.id}") or "",
                    "photo": bool(photo) and base64.b64encode(photo).decode(),
                }
            )
        return lines
