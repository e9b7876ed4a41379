from datetime import timedelta

from werkzeug.exceptions import NotFound

from odoo import fields
from odoo.fields import Domain
from odoo.http import content_disposition, request, route

from odoo.addons.community_groupbuy.controllers.main import get_full_url
from odoo.addons.community_groupbuy.controllers.outcome import attempt
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..poster import SIZES
from .leader_portal import LeaderPortal

# For how long the number of orders that links brought is summed up.
DAYS = 30
ORDERS_PER_PAGE = 20


class LeaderShare(LeaderPortal):
    """What leaders send to their neighbours, and what came of it."""

    # === SHARE === #

    @route("/my/leader/share", type="http", auth="user", website=True)
    def portal_leader_share(self, **_kwargs):
        """Show the leader's page, links to share, and the orders they brought."""
        values = self._prepare_leader_values("share")
        leader_sudo = values["leader"]
        count, amount = self._sum_referred(leader_sudo)
        company_sudo = leader_sudo.company_id
        values.update(
            title=leader_sudo._get_page_name(),
            share_url=get_full_url(leader_sudo._get_share_path()),
            followers=leader_sudo._count_followers(),
            campaigns=leader_sudo._get_shared(),
            referred_count=count,
            referred_amount=company_sudo.currency_id.format(amount),
            referred_days=DAYS,
            window=company_sudo.groupbuy_referral_days,
        )
        return request.render("groupbuy_leader.portal_share", values)

    @route(
        "/my/leader/share/page",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_leader_page(self, name="", text="", **_kwargs):
        """Change what the leader's page says."""
        leader_sudo = self._get_groupbuy_leader()
        done = request.env._("Your page says so now.")
        self._try_leader(done, leader_sudo._edit_page, name, text)
        return request.redirect("/my/leader/share")

    # === ONE CAMPAIGN === #

    def _find_shared(self, leader_sudo, campaign_id):
        """:return: the campaign of that number, if this leader can share it, sudoed"""
        campaign_sudo = leader_sudo._get_shared().filtered(
            lambda campaign: campaign.id == campaign_id
        )
        if not campaign_sudo:
            raise NotFound()
        return campaign_sudo

    @route("/my/leader/share/<int:campaign_id>", type="http", auth="user", website=True)
    def portal_leader_share_campaign(self, campaign_id, **_kwargs):
        """Show link, code and posters of a campaign."""
        leader_sudo = self._get_groupbuy_leader()
        campaign_sudo = self._find_shared(leader_sudo, campaign_id)
        values = self._prepare_leader_values("share", campaign_sudo.name)
        labels = {
            "story": request.env._("Story"),
            "card": request.env._("Card"),
            "screen": request.env._("Phone screen"),
        }
        path = leader_sudo._get_share_path(campaign_sudo)
        values.update(
            campaign=campaign_sudo,
            share_path=path,
            share_url=get_full_url(path),
            posters=[(size, *SIZES[size], labels[size]) for size in SIZES],
        )
        return request.render("groupbuy_leader.portal_share_campaign", values)

    @route(
        "/my/leader/share/<int:campaign_id>/<string:size>.jpg",
        type="http",
        auth="user",
        website=True,
    )
    def portal_leader_poster(self, campaign_id, size, download=None, **_kwargs):
        """Draw a poster; with `?download=1` as a file to keep."""
        leader_sudo = self._get_groupbuy_leader()
        campaign_sudo = self._find_shared(leader_sudo, campaign_id)
        url = get_full_url(leader_sudo._get_share_path(campaign_sudo))
        image = attempt(leader_sudo._get_poster, campaign_sudo, size, url)
        if not image:
            return request.redirect(f"/my/leader/share/{campaign_id}")
        headers = [
            ("Content-Type", "image/jpeg"),
            ("Cache-Control", "private, max-age=60"),
        ]
        if download:
            name = f"{campaign_sudo.name} {size}.jpg"
            headers.append(("Content-Disposition", content_disposition(name)))
        return request.make_response(image, headers=headers)

    # === WHAT CAME OF IT === #

    def _get_referred_domain(self, leader_sudo):
        # Paid orders: what is still being paid may come to nothing.
        return Domain("groupbuy_referrer_id", "=", leader_sudo.id) & Domain(
            "state", "in", ("sent", "sale")
        )

    def _sum_referred(self, leader_sudo):
        """Sum up the last days.

        :return: (orders, what they cost in the company's currency)
        """
        since = fields.Datetime.now() - timedelta(days=DAYS)
        domain = self._get_referred_domain(leader_sudo)
        # The leader's own orders' sum, nothing of a resident.
        orders_sudo = request.env["sale.order"].sudo()
        groups = orders_sudo._read_group(
            domain & Domain("date_order", ">=", since),
            ["currency_rate"],
            ["__count", "amount_total:sum"],
        )
        return (
            sum(count for _rate, count, _amount in groups),
            sum(amount / (rate or 1.0) for rate, _count, amount in groups),
        )

    @route(
        ["/my/leader/share/orders", "/my/leader/share/orders/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_leader_referred(self, page=1, **_kwargs):
        """List the orders that the leader's links brought, without who ordered."""
        here = request.env._("Orders from your links")
        values = self._prepare_leader_values("share", here)
        leader_sudo = values["leader"]
        domain = self._get_referred_domain(leader_sudo)
        # What is shown of them says nothing about residents.
        orders_sudo = request.env["sale.order"].sudo()
        pager = portal_pager(
            url="/my/leader/share/orders",
            total=orders_sudo.search_count(domain),
            page=page,
            step=ORDERS_PER_PAGE,
        )
        values.update(
            pager=pager,
            window=leader_sudo.company_id.groupbuy_referral_days,
            orders=orders_sudo.search(
                domain,
                order="date_order desc, id desc",
                limit=ORDERS_PER_PAGE,
                offset=pager["offset"],
            ),
        )
        return request.render("groupbuy_leader.portal_referred", values)

    # === ANNOUNCEMENTS === #

    @route("/my/leader/announcements", type="http", auth="user", website=True)
    def portal_leader_announcements(self, **_kwargs):
        """Show what the leader's page tells, and a form to tell more."""
        here = request.env._("Announcements")
        values = self._prepare_leader_values("share", here)
        leader_sudo = values["leader"]
        messages_sudo = request.env["groupbuy.leader.message"].sudo()
        reach = messages_sudo._get_recipients(leader_sudo, "followers", "mail")
        values.update(
            announcements=leader_sudo._get_announcements(),
            reach=len(reach),
            left=messages_sudo._get_left_today(leader_sudo),
        )
        return request.render("groupbuy_leader.portal_announcements", values)

    @route(
        "/my/leader/announcements/add",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_leader_announce(self, name="", text="", until="", tell="", **_kwargs):
        """Put an announcement on the leader's page."""
        leader_sudo = self._get_groupbuy_leader()
        done = request.env._("It is on your page.")
        self._try_leader(done, leader_sudo._announce, name, text, until, bool(tell))
        return request.redirect("/my/leader/announcements")

    @route(
        "/my/leader/announcements/<int:announcement_id>/remove",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_leader_unannounce(self, announcement_id, **_kwargs):
        """Take an announcement off the leader's page."""
        leader_sudo = self._get_groupbuy_leader()
        announcement_sudo = self._find_leader_record(
            "groupbuy.leader.announcement",
            announcement_id,
            [("leader_id", "=", leader_sudo.id)],
        )
        announcement_sudo.unlink()
        return request.redirect("/my/leader/announcements")
