from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

RUNNING_STATES = ("draft", "scheduled", "open")


class GroupbuyCampaign(models.Model):
    """Campaigns that the platform opens for leaders, and those that leaders run.

    A leader's campaign is a copy for own points: same goods, prices and rules, which
    hold for it alone, but one quota for all.
    """

    _inherit = "groupbuy.campaign"

    leader_open = fields.Boolean(
        string="Open for Leaders",
        tracking=True,
        # A copy is made to be changed: it is not theirs before that.
        copy=False,
        help="Leaders may run it as a campaign of their own, for their own pickup "
        "points, until this one closes.",
    )
    leader_max_days = fields.Integer(
        string="Days at Most",
        default=7,
        help="For how many days a leader's campaign may be open; 0 for no limit but "
        "the closing date.",
    )
    leader_max_points = fields.Integer(
        string="Points at Most",
        help="At how many pickup points one leader may run it; 0 for no limit.",
    )
    leader_id = fields.Many2one(
        "groupbuy.leader",
        string="Run by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="community_groupbuy.group_operator",
    )
    leader_text = fields.Text(
        string="The Leader's Words", readonly=True, copy=False, translate=False
    )
    origin_id = fields.Many2one(
        "groupbuy.campaign",
        string="Opened by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        # It may be a draft, which visitors should not hear of.
        groups="community_groupbuy.group_operator",
        help="The platform's campaign that a leader runs.",
    )
    leader_campaign_ids = fields.One2many(
        "groupbuy.campaign",
        "origin_id",
        groups="community_groupbuy.group_operator",
    )
    leader_campaign_count = fields.Integer(
        string="Leaders' Campaigns",
        compute="_compute_leader_campaign_count",
        groups="community_groupbuy.group_operator",
    )

    _leader_limits_check = models.Constraint(
        "CHECK(leader_max_days BETWEEN 0 AND 365 AND leader_max_points >= 0)",
        "Leaders' campaigns are limited to 0 to 365 days, and to no negative number of "
        "points.",
    )
    _leader_origin_unique = models.UniqueIndex(
        "(origin_id, leader_id) WHERE state IN ('draft', 'scheduled', 'open')",
        "This leader runs this campaign already.",
    )

    @api.constrains("leader_open", "origin_id")
    def _check_leader_open(self):
        for campaign in self:
            if campaign.leader_open and campaign.origin_id:
                raise ValidationError(
                    self.env._(
                        "%s is a leader's own campaign: open the platform's for "
                        "leaders.",
                        campaign.name,
                    )
                )

    def _compute_leader_campaign_count(self):
        groups = self.env["groupbuy.campaign"]._read_group(
            [("origin_id", "in", self.ids)], ["origin_id"], ["__count"]
        )
        counts = {origin.id: count for origin, count in groups}
        for campaign in self:
            campaign.leader_campaign_count = counts.get(campaign.id, 0)

    def action_view_leader_campaigns(self):
        """:return: the action that lists what leaders made of this campaign"""
        self.ensure_one()
        return {
            **self._get_action(
                "groupbuy_campaign_action", [("origin_id", "=", self.id)]
            ),
            "context": {"create": False},
        }

    # === THE PLATFORM'S SAY === #

    def write(self, vals):
        """Override: no leader goes on selling when the platform's campaign is over."""
        result = super().write(vals)
        if "date_close" in vals:
            self._pull_in_leader_campaigns()
        return result

    def action_cancel(self):
        """Override: what the platform calls off, leaders do not go on selling."""
        result = super().action_cancel()
        if running_sudo := self._get_leader_running():
            running_sudo.action_cancel()
        return result

    def _get_leader_running(self):
        """:return: what leaders have made of these campaigns and still run, sudoed"""
        # It follows from the platform's campaign alone.
        return self.sudo().leader_campaign_ids.filtered(
            lambda campaign: campaign.state in RUNNING_STATES
        )

    def _pull_in_leader_campaigns(self):
        """Let leaders' campaigns close with these at the latest; those that would open
        only after that are cancelled."""
        for campaign in self:
            close = campaign.date_close
            for own_sudo in campaign._get_leader_running():
                if own_sudo.date_close <= close:
                    continue
                if own_sudo.state != "open" and own_sudo.date_open >= close:
                    own_sudo.action_cancel()
                    continue
                # It may have opened in this very second.
                opened = min(own_sudo.date_open, close - timedelta(seconds=1))
                own_sudo.write({"date_open": opened, "date_close": close})
                own_sudo._trigger_at_dates()

    # === STOREFRONT === #

    @api.model
    def _get_storefront_domain(self, search=None, point=None):
        """Override of `community_groupbuy`: leaders' campaigns are for the neighbours
        of their points, so they are listed to those who have chosen one."""
        domain = super()._get_storefront_domain(search, point)
        # The list is for whoever asks: nothing of the leader is shown by this.
        return domain if point else domain & Domain("origin_id", "=", False)

    def _prepare_next(self):
        """Override of `community_groupbuy`: next week's is open for leaders, too."""
        return {**super()._prepare_next(), "leader_open": self.leader_open}

    def _get_share_path(self):
        """Override of `community_groupbuy`: what leaders share leads to them."""
        leader_sudo = self.env.user._groupbuy_get_leader()
        if leader_sudo:
            return leader_sudo._get_share_path(self)
        return super()._get_share_path()

    def _prepare_join_order(self, partner, way, key, holds, inviter):
        """Override of `community_groupbuy` to note which leader brought the order; in
        a leader's own campaign it is that one."""
        vals = super()._prepare_join_order(partner, way, key, holds, inviter)
        leaders, own = self.env["groupbuy.leader"], self.leader_id
        referrer = (
            leaders._find_referrer(own.id, partner, self.company_id)
            if own
            else leaders._get_referrer(partner, self.company_id)
        )
        return {**vals, "groupbuy_referrer_id": referrer.id}

    # === OF A LEADER === #

    def _is_joined(self):
        """Whether pieces of this campaign are paid or being paid."""
        self.ensure_one()
        return any(map(sum, self.offer_ids._get_quantities().values()))

    def _withdraw(self):
        """Take back a leader's campaign that nobody has joined.

        :raise UserError: somebody has, or it has closed
        """
        self.ensure_one()
        if self._is_joined():
            raise UserError(
                self.env._(
                    "Neighbours have joined %s: it goes on until it closes. Ask us if "
                    "it has to be cancelled.",
                    self.name,
                )
            )
        self.action_cancel()
