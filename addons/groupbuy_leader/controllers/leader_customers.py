from werkzeug.exceptions import NotFound

from odoo.fields import Domain
from odoo.http import request, route

from odoo.addons.community_groupbuy.record_id import MAX_ID, find_record
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.groupbuy_leader_customer import SORTS
from .leader_portal import LeaderPortal

LATEST = 10


class LeaderCustomers(LeaderPortal):
    """Who buys at a leader's points, and what the leader notes about them."""

    def _get_leader_customers(self):
        # Each method of it takes the leader who is signed in.
        return request.env["groupbuy.leader.customer"].sudo()

    @route(
        ["/my/leader/customers", "/my/leader/customers/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        sitemap=False,
    )
    def portal_leader_customers(
        self, page=1, search="", tag=None, sort="last", **_kwargs
    ):
        """List the customers, the latest ones first unless sorted otherwise."""
        values = self._prepare_leader_values("customers")
        leader_sudo = values["leader"]
        customers_sudo = self._get_leader_customers()
        tags_sudo = request.env["groupbuy.leader.tag"].sudo()
        tags_sudo = tags_sudo.search([("leader_id", "=", leader_sudo.id)])
        tag_sudo = tags_sudo.filtered(lambda own: str(own.id) == tag)
        sort = sort if sort in SORTS else "last"
        search, step = search[:100], self._items_per_page
        page = min(max(page, 1), MAX_ID // step)
        found, total = customers_sudo._list(
            leader_sudo, search, tag_sudo, sort, (page - 1) * step, step
        )
        url_args = {"search": search, "tag": tag_sudo.id, "sort": sort}
        partners = request.env["res.partner"].union(
            *(customer["partner"] for customer in found)
        )
        values.update(
            customers=found,
            total=total,
            favourites=customers_sudo._get_favourites(leader_sudo, partners),
            currency=leader_sudo.company_id.currency_id,
            tags=tags_sudo,
            tag=tag_sudo,
            sort=sort,
            sorts={
                "last": request.env._("Last time"),
                "turnover": request.env._("Turnover"),
                "orders": request.env._("Orders"),
                "name": request.env._("Name"),
            },
            search=search,
            pager=portal_pager(
                url="/my/leader/customers",
                url_args={name: value for name, value in url_args.items() if value},
                total=total,
                page=page,
                step=step,
            ),
        )
        return request.render("groupbuy_leader.portal_customers", values)

    def _find_leader_customer(self, partner_id):
        """:return: (figures of a customer of this leader, or nothing; the resident)"""
        partner_sudo = find_record(request.env["res.partner"].sudo(), partner_id)
        found, _total = self._get_leader_customers()._list(
            self._get_groupbuy_leader(), partners=partner_sudo
        )
        return found and found[0], partner_sudo

    @route(
        "/my/leader/customers/<int:partner_id>",
        type="http",
        auth="user",
        website=True,
        sitemap=False,
    )
    def portal_leader_customer(self, partner_id, **_kwargs):
        """Show one customer, with what they bought last."""
        customer, partner_sudo = self._find_leader_customer(partner_id)
        if not customer:
            raise NotFound()
        values = self._prepare_leader_values("customers", partner_sudo.name)
        leader_sudo = values["leader"]
        orders_sudo = request.env["sale.order"].sudo()
        orders_sudo = orders_sudo.search(
            leader_sudo._get_order_domain()
            & Domain("partner_id", "=", partner_sudo.id)
            & Domain("pickup_point_id", "in", leader_sudo.point_ids.ids),
            order="date_order desc, id desc",
            limit=LATEST,
        )
        favourites = self._get_leader_customers()._get_favourites(
            leader_sudo, partner_sudo
        )
        values.update(
            customer=customer,
            partner=partner_sudo,
            phone=leader_sudo._get_customer_phone(partner_sudo),
            favourites=favourites.get(partner_sudo, []),
            orders=orders_sudo,
            currency=leader_sudo.company_id.currency_id,
        )
        return request.render("groupbuy_leader.portal_customer", values)

    @route(
        "/my/leader/customers/<int:partner_id>/save",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def portal_leader_customer_save(self, partner_id, tags="", note="", **_kwargs):
        """Keep the leader's own tags and note about a customer."""
        customer, partner_sudo = self._find_leader_customer(partner_id)
        if not customer:
            raise NotFound()
        self._try_leader(
            request.env._("Saved."),
            self._get_leader_customers()._save,
            self._get_groupbuy_leader(),
            partner_sudo,
            tags,
            note,
        )
        return request.redirect(f"/my/leader/customers/{partner_sudo.id}")
