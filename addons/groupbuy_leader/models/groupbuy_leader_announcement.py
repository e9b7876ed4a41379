from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

MAX_SHOWN = 20
MAX_TITLE = 80
MAX_BODY = 2000


class GroupbuyLeaderAnnouncement(models.Model):
    """What a leader tells everybody who comes to the leader's page."""

    _name = "groupbuy.leader.announcement"
    _description = "Leader's Announcement"
    _order = "id desc"

    leader_id = fields.Many2one(
        "groupbuy.leader", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="leader_id.company_id", store=True)
    name = fields.Char(string="Title", required=True)
    body = fields.Text(string="Text")
    date_until = fields.Date(string="Shown until", help="The last day; empty: always.")
    active = fields.Boolean(default=True)

    @api.constrains("name", "body")
    def _check_length(self):
        for announcement in self:
            if (
                len(announcement.name) > MAX_TITLE
                or len(announcement.body or "") > MAX_BODY
            ):
                raise ValidationError(
                    self.env._(
                        "A title has at most %(name)s letters, a text %(text)s.",
                        name=MAX_TITLE,
                        text=f"{MAX_BODY:,}",
                    )
                )


class GroupbuyLeader(models.Model):
    _inherit = "groupbuy.leader"

    announcement_ids = fields.One2many("groupbuy.leader.announcement", "leader_id")

    def _get_announcements(self):
        """:return: what this leader's page shows today, newest first"""
        self.ensure_one()
        today = self.company_id._get_groupbuy_date()
        return self.announcement_ids.filtered(
            lambda told: not told.date_until or told.date_until >= today
        )

    def _announce(self, name, body, date_until=None, tell=False):
        """Put an announcement on one's own page.

        :param date_until: the last day, as a date or ISO text; None for always
        :param bool tell: whether those who follow get it by mail, too
        :return: the announcement
        :raise AccessError: it is somebody else's page
        :raise UserError: the input is wrong, the page is full, or nobody can be told
            any more today
        """
        self._check_is_run()
        name, body = self._check_words(name, body)
        if not name:
            raise UserError(self.env._("An announcement needs a title."))
        try:
            date_until = fields.Date.to_date(date_until or False)
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("This is not a date.")) from error
        if date_until and date_until < self.company_id._get_groupbuy_date():
            raise UserError(self.env._("The last day has passed."))
        if len(self._get_announcements()) >= MAX_SHOWN:
            raise UserError(
                self.env._(
                    "Your page shows %s announcements: remove an old one first.",
                    MAX_SHOWN,
                )
            )
        if tell:
            text = f"{name}\n\n{body}".strip()
            self.env["groupbuy.leader.message"]._send_to(
                self, "followers", "mail", text
            )
        return self.announcement_ids.create(
            {
                "leader_id": self.id,
                "name": name,
                "body": body,
                "date_until": date_until,
            }
        )
