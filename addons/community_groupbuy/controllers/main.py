import json
import uuid

from werkzeug.exceptions import NotFound
from werkzeug.urls import url_encode

from odoo.exceptions import UserError
from odoo.http import Controller, request, route

from odoo.addons.portal.controllers.portal import pager as portal_pager
from odoo.addons.website.models.ir_http import sitemap_qs2dom

from ..qr_code import draw_svg
from ..record_id import MAX_ID, find_record
from .outcome import attempt, take_outcome
from .page_cache import keep, render_public, render_shared

INVITER_SESSION_KEY = "groupbuy_inviter"
POINT_SESSION_KEY = "groupbuy_point_id"
# However many look on: each process asks the database twice a second at most.
PROGRESS_SECONDS = 0.5
CARDS_PER_PAGE = 12
# Of the sections that are no more than a glance.
GLANCE_CARDS = 6


def _handle_params_access_error(exception, **_kwargs):
    """Drafts and cancelled campaigns are nowhere, instead of forbidden."""
    return NotFound.code


class GroupbuyStorefront(Controller):
    # === LIST === #

    def _sitemap_list(env, rule, qs):  # noqa: N805
        if not qs or qs.lower() in "/groupbuy":
            yield {"loc": "/groupbuy"}

    @route(
        ["/groupbuy", "/groupbuy/page/<int:page>"],
        type="http",
        auth="public",
        website=True,
        sitemap=_sitemap_list,
    )
    def groupbuy_list(self, page=1, search="", point=None, sort="ending", **_kwargs):
        """Show the group buys that are open, open soon, and have just ended."""
        campaign_model = request.env["groupbuy.campaign"]
        latest = campaign_model.sudo().search_read(
            [], ["write_date"], order="write_date desc", limit=1
        )
        stamp = latest[0]["write_date"] if latest else None
        return render_public(
            ("list", page, stamp),
            lambda: request.render(
                "community_groupbuy.list",
                self._prepare_list_values(page, search, point, sort),
            ),
        )

    def _get_sortings(self):
        return {
            "ending": (request.env._("Ending soon"), "date_close, id"),
            "newest": (request.env._("Newest"), "date_open desc, id desc"),
        }

    def _prepare_list_values(self, page, search, point, sort):
        # Domain and company keep to what is published; products that are for sale in
        # group buys only cannot be read otherwise.
        campaigns_sudo = request.env["groupbuy.campaign"].sudo()
        search = (search or "")[:100].strip()
        sortings = self._get_sortings()
        sort = sort if sort in sortings else "ending"
        points_sudo = request.env["groupbuy.pickup.point"].sudo()
        points_sudo = points_sudo.search(
            [("company_id", "=", request.env.company.id)], order="name"
        )
        point_sudo = self._remember_point(point, points_sudo)
        domain = campaigns_sudo._get_storefront_domain(search, point_sudo)
        section = campaigns_sudo._get_section_domain
        total = campaigns_sudo.search_count(domain & section("open"))
        arguments = {
            key: value
            for key, value in (
                ("search", search),
                ("point", point),
                ("sort", sort if sort != "ending" else None),
            )
            if value
        }
        pager = portal_pager(
            url="/groupbuy",
            url_args=arguments,
            total=total,
            page=page,
            step=CARDS_PER_PAGE,
        )
        open_sudo = campaigns_sudo.search(
            domain & section("open"),
            order=sortings[sort][1],
            limit=CARDS_PER_PAGE,
            offset=pager["offset"],
        )
        soon_sudo = closed_sudo = campaigns_sudo
        if pager["page"]["num"] == 1:
            soon_sudo = campaigns_sudo.search(
                domain & section("soon"), order="date_open, id", limit=GLANCE_CARDS
            )
            closed_sudo = campaigns_sudo.search(
                domain & section("closed"), limit=GLANCE_CARDS
            )
        return {
            "open_cards": open_sudo._prepare_cards(),
            "soon_cards": soon_sudo._prepare_cards(),
            "closed_cards": closed_sudo._prepare_cards(),
            "total": total,
            "pager": pager,
            "search": search,
            "sort": sort,
            "sortings": {key: label for key, (label, _order) in sortings.items()},
            "points": points_sudo,
            "point": point_sudo,
        }

    def _remember_point(self, point, points_sudo):
        """:param point: what the visitor chose just now, text; None for nothing
        :return: the pickup point that this visitor is interested in, or none
        """
        if point is not None:
            chosen = int(point) if str(point).isdecimal() else 0
            request.session[POINT_SESSION_KEY] = chosen
        elif POINT_SESSION_KEY in request.session:
            chosen = request.session[POINT_SESSION_KEY]
        else:
            chosen = request.env.user.partner_id.groupbuy_pickup_point_id.id
        return points_sudo.filtered(lambda candidate: candidate.id == chosen)

    # === PAGE === #

    def _sitemap_campaigns(env, rule, qs):  # noqa: N805
        # Public visitors read what is published and nothing else.
        slug = env["ir.http"]._slug
        domain = sitemap_qs2dom(qs, "/groupbuy", env["groupbuy.campaign"]._rec_name)
        for campaign in env["groupbuy.campaign"].search(domain):
            yield {"loc": f"/groupbuy/{slug(campaign)}"}

    @route(
        '/groupbuy/<model("groupbuy.campaign"):campaign>',
        type="http",
        auth="public",
        website=True,
        sitemap=_sitemap_campaigns,
        handle_params_access_error=_handle_params_access_error,
    )
    def groupbuy_page(self, campaign, basket=None, error=None, **kwargs):
        """Show one group buy.

        :param str basket: what was chosen before signing in, "offer:pieces,…"
        :param str from: who shared the link, see `_get_inviter_token`
        """
        if campaign.company_id != request.env.company:
            raise NotFound()
        inviter = kwargs.get("from")
        if inviter and len(inviter) <= 64:
            request.session[INVITER_SESSION_KEY] = inviter
        # Visitors cannot even read these; operators look at them before publishing.
        hidden = campaign.state in ("draft", "cancelled")
        if hidden and not campaign.has_access("write"):
            raise NotFound()
        return render_public(
            ("page", *campaign._get_page_stamp()),
            lambda: request.render(
                "community_groupbuy.page",
                self._prepare_page_values(campaign, basket, error),
            ),
        )

    def _prepare_page_values(self, campaign, basket=None, error=None):
        campaign_sudo = campaign.sudo()
        points_sudo = campaign_sudo._get_pickup_points()
        signed_in = not request.env.user._is_public()
        basket = self._parse_basket(basket)
        stamp = campaign._get_page_stamp()
        return {
            "main_object": campaign,
            "campaign": campaign_sudo,
            "state": stamp[-1],
            "main": self._render_main(campaign_sudo, stamp, basket),
            **self._prepare_points(campaign_sudo, points_sudo),
            "signed_in": signed_in,
            "door": signed_in
            and campaign.door_delivery
            and request.env.user.partner_id.sudo()._groupbuy_get_door(),
            "joins": self._get_own_joins(campaign) if signed_in else [],
            "share_url": get_share_url(campaign),
            "share_token": get_share_token(campaign),
            "key": str(uuid.uuid4()),
            "error": take_outcome()["error"] if error else None,
        }

    def _render_main(self, campaign_sudo, stamp, basket):
        def render():
            values = self._prepare_main_values(campaign_sudo, basket)
            return request.env["ir.qweb"]._render(
                "community_groupbuy.page_main", values
            )

        return render() if basket else render_shared(("main", *stamp), render)

    def _prepare_main_values(self, campaign_sudo, basket):
        progress = (
            campaign_sudo._get_public_progress(campaign_sudo.id)
            or campaign_sudo._prepare_draft_progress()
        )
        taxes = campaign_sudo.offer_ids.product_id.taxes_id
        return {
            "campaign": campaign_sudo,
            "progress": progress,
            "state": progress["state"],
            "can_join": progress["state"] == "open",
            "offers": campaign_sudo._prepare_offers(progress),
            "goal": campaign_sudo._prepare_goal(progress),
            "image_url": campaign_sudo._get_image_url("image_1024"),
            "basket": basket,
            "tax_excluded": any(not tax.price_include for tax in taxes if tax.amount),
        }

    def _prepare_points(self, campaign_sudo, points_sudo):
        """:return: the points to choose from, nearest first as far as that is known,
        which of them are closed, and the resident's own
        """
        closed = points_sudo._get_closed(campaign_sudo._get_pickup_day())
        signed_in = not request.env.user._is_public()
        partner_sudo = signed_in and request.env.user.partner_id.sudo()
        position = partner_sudo and points_sudo._read_position(None, None, partner_sudo)
        near = points_sudo._sort_near(position, partner_sudo)
        points_sudo = points_sudo.browse(point.id for point, _metres in near)
        own_sudo = self._get_own_point(points_sudo) if signed_in else points_sudo[:0]
        return {
            "points": points_sudo,
            "closed": closed,
            "point": own_sudo.filtered(lambda point: point not in closed),
        }

    def _get_own_point(self, points_sudo):
        own = request.env.user.partner_id.groupbuy_pickup_point_id
        chosen = request.session.get(POINT_SESSION_KEY)
        return (points_sudo & own.sudo()) or points_sudo.filtered(
            lambda point: point.id == chosen
        )

    def _get_own_joins(self, campaign):
        """:return: the resident's joins of this campaign that are alive, sudoed"""
        # One's own orders only.
        orders_sudo = request.env["sale.order"].sudo()
        orders_sudo = orders_sudo.search(
            [
                ("partner_id", "=", request.env.user.partner_id.id),
                ("groupbuy_campaign_id", "=", campaign.id),
                ("state", "in", ("draft", "sent", "sale")),
            ]
        )
        return orders_sudo.filtered(
            lambda order: order.state != "draft" or order._is_held()
        )

    def _parse_basket(self, basket):
        """:return: {offer id: pieces} of what the address carries, as far as it can
        be read; joining checks it like any other input
        """
        pairs = [pair.partition(":")[::2] for pair in (basket or "").split(",")[:50]]
        return {
            int(offer): int(quantity)
            for offer, quantity in pairs
            if offer.isdecimal() and quantity.isdecimal() and len(quantity) < 7
        }

    @route(
        "/groupbuy/<int:campaign_id>/qr.svg",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def groupbuy_qr(self, campaign_id, **_kwargs):
        """Draw the link to share as a QR code."""
        campaign = find_campaign(campaign_id)
        if not campaign:
            raise NotFound()
        return request.make_response(
            draw_svg(get_share_url(campaign)),
            headers=[
                ("Content-Type", "image/svg+xml"),
                ("Cache-Control", "private, max-age=3600"),
            ],
        )

    # === LIVE === #

    @route(
        "/groupbuy/<int:campaign_id>/progress",
        type="http",
        auth="none",
        readonly=True,
        save_session=False,
        sitemap=False,
    )
    def groupbuy_progress(self, campaign_id, goal=None, **_kwargs):
        """:return: what changes while a campaign is open, as JSON, cacheable for 1 s;
        with `?goal=1` also how much of its goal is missing

        Without a user, as the polls of all visitors add up: the query itself keeps to
        what is published, and is the same for everybody.
        """
        if campaign_id > MAX_ID:
            raise NotFound()
        content = keep(
            ("progress", campaign_id, bool(goal)),
            lambda: self._dump_progress(campaign_id, bool(goal)),
            PROGRESS_SECONDS,
        )
        if not content:
            raise NotFound()
        return request.make_response(
            content,
            headers=[
                ("Content-Type", "application/json; charset=utf-8"),
                ("Cache-Control", "public, max-age=1"),
            ],
        )

    def _dump_progress(self, campaign_id, with_goal):
        model = request.env["groupbuy.campaign"]
        progress = model._get_public_progress(campaign_id)
        if not progress:
            return ""
        if not with_goal:
            del progress["goal"]
        return json.dumps(progress)

    # === JOIN === #

    @route(
        "/groupbuy/<int:campaign_id>/join",
        type="jsonrpc",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def groupbuy_join(
        self,
        campaign_id,
        lines=None,
        pickup_point_id=None,
        key=None,
        delivery=None,
        **_kwargs,
    ):
        """Join a campaign; see `groupbuy.campaign.join` for the parameters."""
        return self._join(campaign_id, lines, pickup_point_id, key, delivery)

    @route(
        "/groupbuy/<int:campaign_id>/delivery",
        type="jsonrpc",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def groupbuy_delivery(self, campaign_id, lines=None, **_kwargs):
        """Say what bringing these pieces to the resident's door would cost; see
        `groupbuy.campaign.get_door_delivery`."""
        campaign = find_campaign(campaign_id)
        if not campaign:
            raise UserError(request.env._("This group buy does not exist."))
        return campaign.get_door_delivery(lines)

    @route(
        "/groupbuy/<int:campaign_id>/join-form",
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def groupbuy_join_form(
        self, campaign_id, pickup_point_id=None, key=None, delivery=None, **post
    ):
        """Join from a browser without JavaScript; fields `quantity_<offer id>`."""
        campaign = find_campaign(campaign_id)
        if not campaign:
            raise NotFound()
        quantities = {
            name.removeprefix("quantity_"): value.strip()
            for name, value in post.items()
            if name.startswith("quantity_") and value.strip() not in ("", "0")
        }
        basket = ",".join(f"{offer}:{count}" for offer, count in quantities.items())
        page = campaign._get_website_url()
        if request.env.user._is_public():
            back = f"{page}?{url_encode({'basket': basket})}"
            return request.redirect(f"/web/login?{url_encode({'redirect': back})}")
        lines = [
            {"offer_id": _to_int(offer), "quantity": _to_int(count)}
            for offer, count in quantities.items()
        ]
        point_id = _to_int(pickup_point_id)
        answer = attempt(self._join, campaign_id, lines, point_id, key, delivery)
        if not answer:
            query = url_encode({"basket": basket, "error": 1})
            return request.redirect(f"{page}?{query}#join")
        return request.redirect(answer["payment_url"])

    def _join(self, campaign_id, lines, pickup_point_id, key, delivery=None):
        campaign = find_campaign(campaign_id)
        if not campaign:
            raise UserError(request.env._("This group buy does not exist."))
        inviter = request.session.get(INVITER_SESSION_KEY)
        return campaign.join(lines, pickup_point_id, key, inviter, delivery)


def get_share_token(campaign):
    """:return: what the link of a signed-in resident says of who shares it, or ''"""
    user = request.env.user
    return "" if user._is_public() else campaign._get_inviter_token(user.partner_id)


def get_share_url(campaign):
    """:return: the page's full address, with who shares it if signed in"""
    return get_full_url(campaign._get_share_path())


def get_full_url(path):
    """:return: the address of a page of this website as others can open it"""
    root = request.website.domain or request.httprequest.url_root
    return root.rstrip("/") + path


def find_campaign(campaign_id):
    """:return: the campaign of that number, if the user may see it, or nothing"""
    campaign = find_record(request.env["groupbuy.campaign"], campaign_id)
    return campaign._filtered_access("read")


def _to_int(text):
    """:return: the whole number that a form field holds, else the text as it is"""
    text = str(text or "")
    return int(text) if text.isascii() and text.isdecimal() else text
