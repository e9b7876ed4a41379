from datetime import datetime, timedelta

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

from .groupbuy_campaign_leader import RUNNING_STATES

MAX_NAME = 80
MAX_TEXT = 2000
MIN_HOURS = 1
# Who publishes and withdraws all day long leaves nothing but rubbish.
MAX_A_DAY = 20


class GroupbuyLeader(models.Model):
    """Campaigns of one's own: the leader picks, writes a text, and publishes.

    The methods are for the leader who is signed in, called on the sudoed record.
    """

    _inherit = "groupbuy.leader"

    campaign_ids = fields.One2many("groupbuy.campaign", "leader_id")

    def _check_is_run(self):
        """:raise AccessError: the user is not this leader, or may not work as one"""
        self.ensure_one()
        if not self._is_run_by(self.env.user):
            raise AccessError(self.env._("Only leaders themselves can do this."))

    # === WHAT THERE IS === #

    def _get_origins(self):
        """:return: the platform's campaigns that this leader can run now, sudoed"""
        self.ensure_one()
        # Drafts among them cannot be read by anybody else.
        campaigns_sudo = self.env["groupbuy.campaign"].sudo()
        taken = self.campaign_ids.filtered(
            lambda campaign: campaign.state in RUNNING_STATES
        ).origin_id
        return campaigns_sudo.search(
            [
                ("leader_open", "=", True),
                ("origin_id", "=", False),
                ("company_id", "=", self.company_id.id),
                ("state", "in", RUNNING_STATES),
                ("date_close", ">", fields.Datetime.now() + timedelta(hours=MIN_HOURS)),
                ("offer_ids", "any", self.env["groupbuy.offer"]._get_shown_domain()),
                ("id", "not in", taken.ids),
                "|",
                ("pickup_point_ids", "=", False),
                ("pickup_point_ids", "in", self.point_ids.ids),
            ],
            order="date_close, id",
        ).filtered(self._get_points_for)

    def _get_points_for(self, origin):
        """:return: the own points at which a campaign of the platform can be run"""
        self.ensure_one()
        return self.point_ids & origin._get_pickup_points()

    def _get_shared(self):
        """:return: the campaigns that this leader can share: open or about to open, at
        one of the leader's points; one's own first, sudoed"""
        self.ensure_one()
        # Published campaigns; whose they are is nobody else's business.
        campaigns_sudo = self.env["groupbuy.campaign"].sudo()
        if not self.point_ids:
            return campaigns_sudo
        domain = campaigns_sudo._get_storefront_domain(point=self.point_ids) & (
            campaigns_sudo._get_section_domain("open")
            | campaigns_sudo._get_section_domain("soon")
        )
        mine = Domain("leader_id", "=", self.id)
        own = campaigns_sudo.search(domain & mine, order="date_close, id")
        # Twice the same goods would only confuse.
        others = Domain("leader_id", "=", False) & Domain(
            "id", "not in", own.origin_id.ids
        )
        return own + campaigns_sudo.search(domain & others, order="date_close, id")

    # === PUBLISH === #

    def _publish_campaign(
        self, origin, name, text, date_open, date_close, point_ids, offer_ids
    ):
        """Run a campaign of the platform as one's own.

        :param origin: one of `_get_origins`
        :param str name: its title; empty for the platform's
        :param str text: the leader's words to the neighbours, plain text
        :param datetime date_open: UTC; None for now
        :param datetime date_close: UTC
        :param list point_ids: ids of the leader's pickup points
        :param list offer_ids: ids of the origin's offers
        :return: the campaign, sudoed, published
        :raise AccessError: somebody else's work
        :raise UserError: the input is wrong or passes the limits
        """
        self._check_is_run()
        # Two at a time would both find that there is none yet.
        self.lock_for_update()
        if origin not in self._get_origins():
            raise UserError(
                self.env._("This group buy is not open for you, or you run it already.")
            )
        self._check_pace()
        name, text = self._check_words(name, text)
        date_open, date_close = self._check_dates(origin, date_open, date_close)
        points = self._check_points(origin, point_ids)
        offers = self._check_offers(origin, offer_ids)
        vals = origin.copy_data(
            {
                "name": name or origin.name,
                "date_open": date_open,
                "date_close": date_close,
                "offer_ids": [
                    Command.create(
                        {**offer_vals, "quota": 0, "quota_offer_id": offer.id}
                    )
                    for offer, offer_vals in zip(
                        offers, offers.copy_data(), strict=True
                    )
                ],
                "pickup_point_ids": [Command.set(points.ids)],
                "door_delivery": False,
                "on_failure": "refund",
                "recurrence": "none",
                "leader_open": False,
                "leader_id": self.id,
                "leader_text": text,
                "origin_id": origin.id,
            }
        )[0]
        campaign = origin.create(vals)
        own = ("name", "offer_ids") if name else ("offer_ids",)
        origin.copy_translations(campaign, excluded=own)
        campaign.action_publish()
        return campaign

    def _edit_campaign(self, campaign, name, text):
        """Change title and words of a campaign of one's own that is not over.

        :param str name: empty to leave the title as it is
        """
        self._check_is_run()
        if campaign.leader_id != self or campaign.state not in RUNNING_STATES:
            raise UserError(self.env._("This group buy can no longer be changed."))
        name, text = self._check_words(name, text)
        campaign.leader_text = text
        if name and name != campaign.name:
            # One's own words are not translated.
            for code, _name in self.env["res.lang"].get_installed():
                campaign.with_context(lang=code).name = name

    def _withdraw_campaign(self, campaign):
        """Take back a campaign of one's own that nobody has joined."""
        self._check_is_run()
        if campaign.leader_id != self:
            raise AccessError(self.env._("This is not a group buy of yours."))
        campaign._withdraw()

    # === CHECKS === #

    def _check_pace(self):
        """:raise UserError: this leader has published enough for today"""
        since = fields.Datetime.now() - timedelta(days=1)
        count = self.env["groupbuy.campaign"].search_count(
            [("leader_id", "=", self.id), ("create_date", ">", since)]
        )
        if count >= MAX_A_DAY:
            raise UserError(
                self.env._(
                    "You have published %s group buys within a day. Please go on "
                    "tomorrow.",
                    count,
                )
            )

    def _check_words(self, name, text):
        """:return: (title in one line, text) without needless space"""
        if not isinstance(name or "", str) or not isinstance(text or "", str):
            raise UserError(self.env._("Title and text are words."))
        name = " ".join((name or "").split())
        text = "\n".join(line.rstrip() for line in (text or "").splitlines()).strip()
        if "\0" in name + text:
            raise UserError(self.env._("Title and text are words."))
        if len(name) > MAX_NAME or len(text) > MAX_TEXT:
            raise UserError(
                self.env._(
                    "A title has at most %(name)s letters, a text %(text)s.",
                    name=MAX_NAME,
                    text=f"{MAX_TEXT:,}",
                )
            )
        return name, text

    def _get_earliest(self, origin):
        """:return: when a leader's campaign can open, UTC"""
        return max(origin.date_open, fields.Datetime.now())

    def _check_dates(self, origin, date_open, date_close):
        """:return: (opens, closes), within what the platform allows"""
        earliest = self._get_earliest(origin)
        date_open = date_open or earliest
        if not isinstance(date_open, datetime) or not isinstance(date_close, datetime):
            raise UserError(self.env._("Say when it opens and closes."))
        # Who filled in the form took a while.
        date_open = max(date_open, earliest)
        show = origin._format_date
        if date_close > origin.date_close:
            raise UserError(
                self.env._("It closes by %s at the latest.", show(origin.date_close))
            )
        if date_close < date_open + timedelta(hours=MIN_HOURS):
            raise UserError(
                self.env._(
                    "It has to be open for at least %(hours)s h; it can open from "
                    "%(earliest)s on.",
                    hours=MIN_HOURS,
                    earliest=show(earliest),
                )
            )
        days = origin.leader_max_days
        if days and date_close - date_open > timedelta(days=days):
            raise UserError(self.env._("It can be open for %s days at most.", days))
        return date_open, date_close

    def _check_points(self, origin, point_ids):
        points = self._get_points_for(origin)
        wanted = set(self._check_ids(point_ids))
        if not wanted or not wanted <= set(points.ids):
            raise UserError(self.env._("Choose among your own pickup points."))
        most = origin.leader_max_points
        if most and len(wanted) > most:
            raise UserError(self.env._("Choose at most %s pickup points.", most))
        return points.filtered(lambda point: point.id in wanted)

    def _check_offers(self, origin, offer_ids):
        wanted = set(self._check_ids(offer_ids))
        shown = origin._get_shown_offers()
        if not wanted or not wanted <= set(shown.ids):
            raise UserError(self.env._("Choose at least one product."))
        return shown.filtered(lambda offer: offer.id in wanted)

    def _check_ids(self, ids):
        if not isinstance(ids, list) or not all(
            isinstance(number, int) and not isinstance(number, bool) for number in ids
        ):
            raise UserError(self.env._("Choose among what the page shows."))
        return ids
