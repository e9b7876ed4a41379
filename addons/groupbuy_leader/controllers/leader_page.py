from werkzeug.exceptions import NotFound

from odoo.http import Controller, request, route

from odoo.addons.community_groupbuy.controllers.main import (
    find_campaign,
    get_full_url,
)
from odoo.addons.community_groupbuy.controllers.page_cache import render_public
from odoo.addons.community_groupbuy.qr_code import draw_svg

from ..models.groupbuy_leader_referral import COOKIE, DAY

PAGE = "/groupbuy/l/<string:slug>"


class LeaderPage(Controller):
    """What neighbours see of a leader: the page, and links that lead to group buys.

    Whoever follows such a link gets a cookie, whatever the page cache does: only what
    a page shows is kept, not the answer that carries it.
    """

    def _find_leader(self, slug):
        leader_sudo = request.env["groupbuy.leader"]._find_by_slug(slug)
        if not leader_sudo:
            raise NotFound()
        return leader_sudo

    def _find_campaign(self, campaign_id):
        campaign = find_campaign(campaign_id)
        if not campaign or campaign.company_id != request.env.company:
            raise NotFound()
        return campaign

    def _remember(self, response, leader_sudo):
        """Let the visitor's browser know whose link it followed last."""
        days = leader_sudo.company_id.groupbuy_referral_days
        if days:
            response.set_cookie(
                COOKIE,
                leader_sudo._get_referral(),
                max_age=days * DAY,
                expires=None,
                secure=request.httprequest.scheme == "https",
                httponly=True,
                samesite="Lax",
                # Only with the visitor's consent, where the website asks for it.
                cookie_type="optional",
            )
        return response

    # === PAGE === #

    @route(PAGE, type="http", auth="public", website=True, sitemap=False)
    def leader_page(self, slug, **_kwargs):
        """Show a leader's points, announcements and group buys."""
        leader_sudo = self._find_leader(slug)
        response = render_public(
            ("leader", leader_sudo.id, leader_sudo.write_date),
            lambda: request.render(
                "groupbuy_leader.page", self._prepare_page_values(leader_sudo)
            ),
        )
        return self._remember(response, leader_sudo)

    def _prepare_page_values(self, leader_sudo):
        user = request.env.user
        signed_in = not user._is_public()
        points_sudo = leader_sudo.point_ids
        today = leader_sudo.company_id._get_groupbuy_date()
        return {
            "leader": leader_sudo,
            "title": leader_sudo._get_page_name(),
            "points": points_sudo,
            "closed": points_sudo._get_closed(today),
            "announcements": leader_sudo._get_announcements(),
            "cards": leader_sudo._get_shared()._prepare_cards(),
            "followers": leader_sudo._count_followers(),
            "signed_in": signed_in,
            "followed": signed_in and leader_sudo._is_followed_by(user.partner_id),
            "own": leader_sudo._is_run_by(user),
            "share_url": get_full_url(leader_sudo._get_share_path()),
        }

    @route(
        f"{PAGE}/follow",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def leader_follow(self, slug, follow="1", **_kwargs):
        """Follow a leader, or stop it with `follow=0`."""
        leader_sudo = self._find_leader(slug)
        leader_sudo._set_followed(request.env.user.partner_id, follow != "0")
        return request.redirect(leader_sudo._get_share_path())

    # === LINKS === #

    @route(
        f"{PAGE}/<int:campaign_id>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def leader_campaign(self, slug, campaign_id, **_kwargs):
        """Lead to a campaign. A leader who has left does not break the link."""
        campaign = self._find_campaign(campaign_id)
        response = request.redirect(campaign._get_website_url())
        leader_sudo = request.env["groupbuy.leader"]._find_by_slug(slug)
        return self._remember(response, leader_sudo) if leader_sudo else response

    @route(
        [f"{PAGE}/qr.svg", f"{PAGE}/<int:campaign_id>/qr.svg"],
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def leader_qr(self, slug, campaign_id=None, **_kwargs):
        """Draw a leader's link as a QR code."""
        leader_sudo = self._find_leader(slug)
        campaign = campaign_id is not None and self._find_campaign(campaign_id)
        return request.make_response(
            draw_svg(get_full_url(leader_sudo._get_share_path(campaign))),
            headers=[
                ("Content-Type", "image/svg+xml"),
                ("Cache-Control", "private, max-age=3600"),
            ],
        )
