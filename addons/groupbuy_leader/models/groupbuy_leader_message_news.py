from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from .groupbuy_leader_announcement import MAX_BODY, MAX_TITLE


class GroupbuyLeaderMessage(models.Model):
    """Announcements also go to the neighbours who follow a leader."""

    _inherit = "groupbuy.leader.message"

    kind = fields.Selection(
        selection_add=[("followers", "Neighbours Who Follow")],
        ondelete={"followers": "cascade"},
    )

    @api.model
    def _get_recipients(self, leader, kind, channel, campaign=None):
        """Override to find those who follow: they need not have bought anything."""
        if kind != "followers":
            return super()._get_recipients(leader, kind, channel, campaign)
        followers = leader.follower_ids.filtered_domain(self._get_reach_domain(channel))
        return dict.fromkeys(followers, self.env["sale.order"])

    def _check_message(self, leader, kind, channel, text, campaign_id, key):
        """Override: those who follow get an announcement, by mail."""
        if kind != "followers":
            return super()._check_message(leader, kind, channel, text, campaign_id, key)
        if channel != "mail":
            raise UserError(self.env._("Choose how to write to them."))
        longest = MAX_TITLE + 2 + MAX_BODY
        if not isinstance(text, str) or not 0 < len(text.strip()) <= longest:
            raise UserError(self.env._("Write what you want to say."))
        return self.env["groupbuy.campaign"]


class GroupbuyLeaderMessageRecipient(models.Model):
    _inherit = "groupbuy.leader.message.recipient"

    def _send_mail(self):
        """Override: who follows hears of no orders, and by the name on the page."""
        news = self.filtered(lambda own: own.message_id.kind == "followers")
        if news:
            template = self.env.ref("groupbuy_leader.mail_template_leader_news")
            # In the platform's name: residents do not get the leader's own address.
            template.with_user(SUPERUSER_ID).send_mail_batch(news.ids)
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return super(GroupbuyLeaderMessageRecipient, self - news)._send_mail()
