from datetime import datetime, timedelta

import pytz
from werkzeug.exceptions import NotFound

from odoo import fields
from odoo.exceptions import UserError
from odoo.http import request, route

from odoo.addons.community_groupbuy.controllers.outcome import attempt

from ..models.groupbuy_campaign_leader import RUNNING_STATES
from .leader_portal import LeaderPortal, to_number

# How many of one's own campaigns that are over are listed.
PAST = 20


class LeaderCampaigns(LeaderPortal):
    """Campaigns that leaders run themselves."""

    @route("/my/leader/campaigns", type="http", auth="user", website=True)
    def portal_leader_campaigns(self, **_kwargs):
        """List one's own campaigns, and those that can be run."""
        values = self._prepare_leader_values("campaigns")
        leader_sudo = values["leader"]
        campaigns_sudo = leader_sudo.campaign_ids
        running_sudo = campaigns_sudo.filtered(
            lambda campaign: campaign.state in (*RUNNING_STATES, "closing")
        )
        values.update(
            running=running_sudo,
            past=(campaigns_sudo - running_sudo)[:PAST],
            origins=leader_sudo._get_origins(),
        )
        return request.render("groupbuy_leader.portal_campaigns", values)

    # === PUBLISH === #

    def _find_origin(self, leader_sudo, origin_id):
        """:return: the platform's campaign of that number, if this leader can run it"""
        origin_sudo = leader_sudo._get_origins().filtered(
            lambda campaign: campaign.id == origin_id
        )
        if not origin_sudo:
            raise NotFound()
        return origin_sudo

    @route(
        "/my/leader/campaigns/new/<int:origin_id>",
        type="http",
        auth="user",
        website=True,
        methods=["GET", "POST"],
    )
    def portal_leader_campaign_new(self, origin_id, **post):
        """Show the form that runs a campaign of the platform, and run it."""
        leader_sudo = self._get_groupbuy_leader()
        origin_sudo = self._find_origin(leader_sudo, origin_id)
        points_sudo = leader_sudo._get_points_for(origin_sudo)
        chosen = {
            "points": points_sudo.ids,
            "offers": origin_sudo._get_shown_offers().ids,
        }
        most = origin_sudo.leader_max_points
        if most:
            chosen["points"] = chosen["points"][:most]
        if request.httprequest.method == "POST":
            form = request.httprequest.form
            chosen = {
                name: [to_number(number) for number in form.getlist(name)]
                for name in ("points", "offers")
            }
            campaign_sudo = attempt(
                self._publish,
                leader_sudo,
                origin_sudo,
                post,
                chosen,
                done=request.env._("Published. Now tell your neighbours."),
            )
            if campaign_sudo:
                return request.redirect(f"/my/leader/share/{campaign_sudo.id}")
        values = self._prepare_leader_values("campaigns", origin_sudo.name)
        close = self._get_latest(origin_sudo, leader_sudo._get_earliest(origin_sudo))
        values.update(
            origin=origin_sudo,
            points=points_sudo,
            chosen=chosen,
            post=post,
            earliest=self._show_moment(
                origin_sudo, leader_sudo._get_earliest(origin_sudo)
            ),
            latest=self._show_moment(origin_sudo, origin_sudo.date_close),
            close=self._show_moment(origin_sudo, close),
        )
        return request.render("groupbuy_leader.portal_campaign_new", values)

    def _publish(self, leader_sudo, origin_sudo, post, chosen):
        return leader_sudo._publish_campaign(
            origin_sudo,
            post.get("name"),
            post.get("text"),
            self._read_moment(origin_sudo, post.get("date_open")),
            self._read_moment(origin_sudo, post.get("date_close")),
            chosen["points"],
            chosen["offers"],
        )

    # === DATES: THE FORM KNOWS THE COMPANY'S ZONE ONLY === #

    def _get_latest(self, origin_sudo, opens):
        """:return: when a campaign that opens then closes at the latest, UTC"""
        days = origin_sudo.leader_max_days
        latest = origin_sudo.date_close
        return min(opens + timedelta(days=days), latest) if days else latest

    def _show_moment(self, origin_sudo, moment):
        zone = pytz.timezone(origin_sudo.company_id._get_groupbuy_zone())
        return f"{pytz.utc.localize(moment).astimezone(zone):%Y-%m-%dT%H:%M}"

    def _read_moment(self, origin_sudo, text):
        """:return: the moment in a form's field, UTC; None for an empty one"""
        if not text:
            return None
        zone = pytz.timezone(origin_sudo.company_id._get_groupbuy_zone())
        try:
            moment = zone.localize(datetime.fromisoformat(text)).astimezone(pytz.utc)
        except (ValueError, OverflowError) as error:
            raise UserError(request.env._("This is not a date and time.")) from error
        return moment.replace(tzinfo=None)

    # === ONE OF ONE'S OWN === #

    def _find_own_campaign(self, leader_sudo, campaign_id):
        return self._find_leader_record(
            "groupbuy.campaign", campaign_id, [("leader_id", "=", leader_sudo.id)]
        )

    @route(
        "/my/leader/campaigns/<int:campaign_id>", type="http", auth="user", website=True
    )
    def portal_leader_campaign(self, campaign_id, **_kwargs):
        """Show how a campaign of one's own goes."""
        leader_sudo = self._get_groupbuy_leader()
        campaign_sudo = self._find_own_campaign(leader_sudo, campaign_id)
        values = self._prepare_leader_values("campaigns", campaign_sudo.name)
        running = campaign_sudo.state in RUNNING_STATES
        running = running and campaign_sudo.date_close > fields.Datetime.now()
        values.update(
            campaign=campaign_sudo,
            running=running,
            withdrawable=running and not campaign_sudo._is_joined(),
            currency=campaign_sudo.currency_id,
        )
        return request.render("groupbuy_leader.portal_campaign", values)

    @route(
        "/my/leader/campaigns/<int:campaign_id>/edit",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_leader_campaign_edit(self, campaign_id, name="", text="", **_kwargs):
        """Change title and text of a campaign of one's own."""
        leader_sudo = self._get_groupbuy_leader()
        campaign_sudo = self._find_own_campaign(leader_sudo, campaign_id)
        done = request.env._("Changed.")
        self._try_leader(done, leader_sudo._edit_campaign, campaign_sudo, name, text)
        return request.redirect(f"/my/leader/campaigns/{campaign_sudo.id}")

    @route(
        "/my/leader/campaigns/<int:campaign_id>/withdraw",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_leader_campaign_withdraw(self, campaign_id, **_kwargs):
        """Take back a campaign of one's own that nobody has joined."""
        leader_sudo = self._get_groupbuy_leader()
        campaign_sudo = self._find_own_campaign(leader_sudo, campaign_id)
        done = request.env._("Withdrawn.")
        self._try_leader(done, leader_sudo._withdraw_campaign, campaign_sudo)
        return request.redirect("/my/leader/campaigns")
