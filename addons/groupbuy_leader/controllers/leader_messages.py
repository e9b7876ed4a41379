from uuid import uuid4

from werkzeug.exceptions import NotFound

from odoo.http import request, route

from odoo.addons.community_groupbuy.record_id import MAX_ID
from odoo.addons.portal.controllers.portal import CustomerPortal

from .leader_portal import LeaderPortal, to_number

LATEST = 10


class LeaderMessages(LeaderPortal):
    """A leader writes to residents."""

    def _get_leader_messages(self):
        # Each method of it takes the leader who is signed in.
        return request.env["groupbuy.leader.message"].sudo()

    @route("/my/leader/message", type="http", auth="user", website=True, sitemap=False)
    def portal_leader_message(self, kind="waiting", campaign_id=None, **_kwargs):
        """Show the form, how many it would reach, and what was sent before."""
        return self._render_leader_message({"kind": kind, "campaign_id": campaign_id})

    def _render_leader_message(self, form):
        values = self._prepare_leader_values("customers", request.env._("Message"))
        leader_sudo = values["leader"]
        messages_sudo = self._get_leader_messages()
        campaigns_sudo = messages_sudo._get_campaigns(leader_sudo)
        campaign_sudo = campaigns_sudo.filtered(
            lambda own: own.id == to_number(form.get("campaign_id"))
        )
        is_campaign = form.get("kind") == "campaign" and bool(campaigns_sudo)
        kind = "campaign" if is_campaign else "waiting"
        campaign_sudo = campaign_sudo or campaigns_sudo[:1]
        channels = messages_sudo._get_channels(leader_sudo.company_id)
        values.update(
            kind=kind,
            campaigns=campaigns_sudo,
            campaign=campaign_sudo,
            channels=channels,
            reach={
                channel: len(
                    messages_sudo._get_recipients(
                        leader_sudo, kind, channel, campaign_sudo
                    )
                )
                for channel in channels
            },
            left=messages_sudo._get_left_today(leader_sudo),
            limit=leader_sudo.company_id.groupbuy_leader_message_limit,
            sent=messages_sudo.search(
                [("leader_id", "=", leader_sudo.id)], limit=LATEST
            ),
            form=form,
            key=uuid4().hex,
        )
        return request.render("groupbuy_leader.portal_message", values)

    @route(
        "/my/leader/message/send",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def portal_leader_message_send(self, **post):
        """Write to those whose goods wait, or who bought in a group buy; twice is
        once."""
        leader_sudo = self._get_groupbuy_leader()
        sent = self._try_leader(
            request.env._("Your message is on its way."),
            self._get_leader_messages()._send_to,
            leader_sudo,
            post.get("kind"),
            post.get("channel"),
            post.get("text") or "",
            to_number(post.get("campaign_id")),
            post.get("key") or None,
        )
        if not sent:
            return self._render_leader_message(post)
        return request.redirect("/my/leader/message")


class LeaderMessageOptOut(CustomerPortal):
    """A resident decides whether leaders may write."""

    @route(
        "/groupbuy/messages/<int:partner_id>/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def groupbuy_messages_ask(self, partner_id, token, **_kwargs):
        """Ask whether leaders' messages should stop: programs open links, too."""
        partner_sudo = self._find_leader_opt_out(partner_id, token)
        return request.render(
            "groupbuy_leader.message_opt_out",
            {"partner": partner_sudo, "token": token},
        )

    @route(
        "/groupbuy/messages/<int:partner_id>/<string:token>/<any(stop,start):step>",
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def groupbuy_messages_set(self, partner_id, token, step, **_kwargs):
        """Stop leaders' messages, or let them come again."""
        partner_sudo = self._find_leader_opt_out(partner_id, token)
        partner_sudo.groupbuy_no_leader_messages = step == "stop"
        return request.redirect(f"/groupbuy/messages/{partner_sudo.id}/{token}")

    def _find_leader_opt_out(self, partner_id, token):
        partner_sudo = request.env["res.partner"]._groupbuy_find_opt_out(
            min(partner_id, MAX_ID), token
        )
        if not partner_sudo:
            raise NotFound()
        return partner_sudo

    @route(
        "/my/groupbuy/leader-messages",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def portal_groupbuy_leader_messages(self, stop=None, **_kwargs):
        """Stop leaders' messages to oneself, or let them come again."""
        # A portal user may not write on partners; this is their own, and one field.
        partner_sudo = request.env.user.partner_id.sudo()
        partner_sudo.groupbuy_no_leader_messages = bool(stop)
        return request.redirect("/my/groupbuy")
