from werkzeug.urls import url_encode

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Domain
from odoo.http import request, route

from odoo.addons.portal.controllers.portal import pager as portal_pager
from odoo.addons.sale.controllers.portal import CustomerPortal

from ..models.groupbuy_campaign import VISIBLE_STATES
from .main import get_share_token, get_share_url
from .outcome import attempt, take_outcome


class GroupbuyPortal(CustomerPortal):
    # === ODOO'S OWN PAGES === #

    def _prepare_home_portal_values(self, counters):
        """Override of `portal` to count the group buys on the home page."""
        values = super()._prepare_home_portal_values(counters)
        if "groupbuy_count" in counters:
            domain = self._prepare_groupbuy_domain()
            values["groupbuy_count"] = request.env["sale.order"].search_count(domain)
        return values

    def _prepare_quotations_domain(self, partner):
        """Override of `sale`: a join that waits for its group is no quotation."""
        domain = super()._prepare_quotations_domain(partner)
        return list(Domain(domain) & Domain("groupbuy_campaign_id", "=", False))

    def _prepare_orders_domain(self, partner):
        """Override of `sale`: joins are listed on their own page."""
        domain = super()._prepare_orders_domain(partner)
        return list(Domain(domain) & Domain("groupbuy_campaign_id", "=", False))

    @route()
    def portal_order_page(self, order_id, access_token=None, **kwargs):
        """Override of `sale`: joins are shown on their own page."""
        # Only whether it is a join is looked at; our page checks the access.
        order_sudo = request.env["sale.order"].sudo().browse(order_id).exists()
        if order_sudo.groupbuy_campaign_id and not kwargs.get("report_type"):
            return self.portal_my_groupbuy(order_id, access_token)
        return super().portal_order_page(order_id, access_token=access_token, **kwargs)

    # === LIST === #

    def _prepare_groupbuy_domain(self):
        # Joins, and what was bought in the shop and is collected at a pickup point.
        return Domain("partner_id", "=", request.env.user.partner_id.id) & Domain(
            "groupbuy_status", "!=", False
        )

    @route(
        ["/my/groupbuy", "/my/groupbuy/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_groupbuys(self, page=1, status=None, **_kwargs):
        """List the resident's group buys by what happens next."""
        # Campaigns that were cancelled cannot be read otherwise; one's own orders only.
        orders_sudo = request.env["sale.order"].sudo()
        domain = self._prepare_groupbuy_domain()
        groups = orders_sudo._read_group(domain, ["groupbuy_status"], ["__count"])
        counts = dict(groups)
        labels = dict(
            orders_sudo._fields["groupbuy_status"]._description_selection(request.env)
        )
        with_claims = domain & Domain("groupbuy_claim_ids", "!=", False)
        tabs = [(name, label, counts.get(name)) for name, label in labels.items()]
        tabs.append(
            (
                "claims",
                request.env._("After-sales"),
                orders_sudo.search_count(with_claims),
            )
        )
        tabs = [tab for tab in tabs if tab[2]]
        totals = {name: count for name, _label, count in tabs}
        status = status if status in totals else None
        total = totals[status] if status else sum(counts.values())
        if status == "claims":
            domain = with_claims
        elif status:
            domain &= Domain("groupbuy_status", "=", status)
        pager = portal_pager(
            url="/my/groupbuy",
            url_args={"status": status} if status else {},
            total=total,
            page=page,
            step=self._items_per_page,
        )
        orders_sudo = orders_sudo.search(
            domain,
            order="date_order desc, id desc",
            limit=self._items_per_page,
            offset=pager["offset"],
        )
        values = self._prepare_portal_layout_values()
        values.update(
            page_name="groupbuy",
            orders=orders_sudo,
            status=status,
            all_count=sum(counts.values()),
            tabs=tabs,
            pager=pager,
        )
        return request.render("community_groupbuy.portal_my_groupbuys", values)

    # === ORDER === #

    @route("/my/groupbuy/<int:order_id>", type="http", auth="public", website=True)
    def portal_my_groupbuy(self, order_id, access_token=None, **kwargs):
        """Show one join: where it stands, what it costs, how to share and cancel it."""
        try:
            order_sudo = self._document_check_access(
                "sale.order", order_id, access_token=access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        if not order_sudo.groupbuy_status:
            return request.redirect("/my")
        if (report_type := kwargs.get("report_type")) in ("html", "pdf", "text"):
            return self._show_report(
                model=order_sudo,
                report_type=report_type,
                report_ref="sale.action_report_saleorder",
                download=kwargs.get("download"),
            )
        request.website._groupbuy_end_payment()
        values = self._get_page_view_values(
            order_sudo,
            access_token,
            self._prepare_groupbuy_values(order_sudo),
            "my_groupbuy_history",
            False,
        )
        return request.render("community_groupbuy.portal_my_groupbuy", values)

    def _prepare_groupbuy_values(self, order_sudo):
        """:return: what the page of an order shows; what one may do is for its owner"""
        campaign_sudo = order_sudo.groupbuy_campaign_id
        own = order_sudo.partner_id == request.env.user.partner_id
        published = campaign_sudo.state in VISIBLE_STATES
        lines = order_sudo._groupbuy_prepare_lines()
        points_sudo, closed = order_sudo.pickup_point_id[:0], {}
        if own:
            points_sudo, closed = order_sudo._groupbuy_get_movable_points()
        ready = order_sudo.groupbuy_status == "ready"
        return {
            "page_name": "groupbuy",
            "order": order_sudo,
            "campaign": campaign_sudo,
            "published": published,
            "progress": published
            and campaign_sudo._get_public_progress(campaign_sudo.id),
            "own": own,
            "lines": lines,
            "goods": order_sudo._groupbuy_get_goods(),
            "timeline": order_sudo._groupbuy_prepare_timeline(),
            "pickup_code": ready and order_sudo.groupbuy_pickup_code,
            "movable_points": points_sudo,
            "closed_points": closed,
            "tracking": order_sudo._groupbuy_get_tracking(),
            "confirmable": own and order_sudo._groupbuy_is_confirmable(),
            "refunds": order_sudo._groupbuy_get_refunds(),
            "claims": order_sudo.groupbuy_claim_ids,
            "claimable": own and order_sudo._groupbuy_is_claimable(),
            "seconds_to_pay": order_sudo._groupbuy_get_seconds_to_pay(),
            "cancellable": own and order_sudo._groupbuy_is_cancellable(),
            "again": own and any(order_sudo._groupbuy_find_again()),
            "savings": sum(line["saving"] for line in lines),
            "share_url": published and get_share_url(campaign_sudo),
            "share_token": published and get_share_token(campaign_sudo),
            **take_outcome(),
        }

    @route(
        "/my/groupbuy/<int:order_id>/cancel",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_my_groupbuy_cancel(self, order_id, **_kwargs):
        """Cancel one's own join, with a full refund."""
        try:
            self._document_check_access("sale.order", order_id)
        except (AccessError, MissingError):
            return request.redirect("/my")
        attempt(request.env["sale.order"].browse(order_id).action_groupbuy_cancel)
        return request.redirect(f"/my/groupbuy/{order_id}")

    @route(
        "/my/groupbuy/<int:order_id>/again",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_my_groupbuy_again(self, order_id, **_kwargs):
        """Lead to where the same goods are for sale now, already chosen."""
        try:
            order_sudo = self._document_check_access("sale.order", order_id)
        except (AccessError, MissingError):
            return request.redirect("/my")
        campaign, pieces = order_sudo._groupbuy_find_again()
        if campaign:
            basket = ",".join(f"{offer.id}:{count}" for offer, count in pieces.items())
            query = url_encode({"basket": basket})
            return request.redirect(f"{campaign._get_website_url()}?{query}#join")
        if attempt(self._fill_cart, pieces):
            return request.redirect("/shop/cart")
        return request.redirect(f"/my/groupbuy/{order_id}")

    def _fill_cart(self, pieces):
        if not pieces:
            raise UserError(request.env._("These goods are not for sale now."))
        cart = request.cart or request.website._create_cart()
        for product, count in pieces.items():
            cart._cart_add(product.id, count)
