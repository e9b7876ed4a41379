from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from .groupbuy_leader_customer import BOUGHT

MAX_TEXT = 300
MAX_KEY = 64


class GroupbuyLeader(models.Model):
    _inherit = "groupbuy.leader"

    last_message_at = fields.Datetime(readonly=True, copy=False)


class GroupbuyLeaderMessage(models.Model):
    """What a leader wrote to residents, kept with whom it went to."""

    _name = "groupbuy.leader.message"
    _description = "Leader's Message"
    _order = "id desc"
    _rec_name = "leader_id"

    leader_id = fields.Many2one(
        "groupbuy.leader", required=True, index=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="leader_id.company_id", store=True)
    kind = fields.Selection(
        [("waiting", "Goods Waiting"), ("campaign", "Buyers of a Group Buy")],
        string="To",
        required=True,
        readonly=True,
    )
    campaign_id = fields.Many2one(
        "groupbuy.campaign",
        string="Group Buy",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    channel = fields.Selection(
        [("mail", "E-mail"), ("sms", "SMS")],
        string="By",
        required=True,
        readonly=True,
    )
    text = fields.Text(readonly=True)
    key = fields.Char(readonly=True, copy=False, help="The same key is sent once.")
    recipient_ids = fields.One2many(
        "groupbuy.leader.message.recipient", "message_id", readonly=True
    )
    recipient_count = fields.Integer(string="Recipients", readonly=True)
    sent_at = fields.Datetime(string="Sent On", readonly=True)

    _key_unique = models.UniqueIndex("(leader_id, key) WHERE key IS NOT NULL")

    # === WHOM === #

    @api.model
    def _get_recipients(self, leader, kind, channel, campaign=None):
        """Whom a message would reach: who has opted out, or cannot be reached, is not
        among them.

        :return: {resident: their orders}
        """
        here = Domain("pickup_point_id", "in", leader._get_run_points().ids)
        if kind == "waiting":
            here &= Domain("groupbuy_status", "=", "ready")
        else:
            # Buyers of one's own points, not of those where one stands in.
            here &= Domain("pickup_point_id", "in", leader.point_ids.ids)
            here &= Domain("groupbuy_campaign_id", "=", campaign.id if campaign else 0)
            here &= Domain("groupbuy_status", "in", BOUGHT)
        orders = self.env["sale.order"].search(here, order="id")
        wanted = orders.partner_id.filtered_domain(self._get_reach_domain(channel))
        return {
            partner: own
            for partner, own in orders.grouped("partner_id").items()
            if partner in wanted
        }

    @api.model
    def _get_reach_domain(self, channel):
        domain = Domain("groupbuy_no_leader_messages", "=", False)
        if channel == "sms":
            return (
                domain
                & Domain("phone", "!=", False)
                & Domain("phone_sanitized_blacklisted", "=", False)
            )
        return (
            domain & Domain("email", "!=", False) & Domain("is_blacklisted", "=", False)
        )

    @api.model
    def _get_campaigns(self, leader):
        """:return: the group buys that somebody has bought at the leader's points, the
        latest first"""
        groups = self.env["sale.order"]._read_group(
            [
                ("pickup_point_id", "in", leader.point_ids.ids),
                ("groupbuy_campaign_id", "!=", False),
                ("groupbuy_status", "in", BOUGHT),
            ],
            ["groupbuy_campaign_id"],
            order="groupbuy_campaign_id desc",
            limit=50,
        )
        return self.env["groupbuy.campaign"].union(*(row[0] for row in groups))

    # === HOW MANY === #

    @api.model
    def _get_left_today(self, leader):
        """:return: how many messages this leader may still send today"""
        company = leader.company_id
        begin, end = self.env["groupbuy.pickup.point"]._get_day_limits(
            company, company._get_groupbuy_date()
        )
        sent = self.search_count(
            [
                ("leader_id", "=", leader.id),
                ("create_date", ">=", begin),
                ("create_date", "<", end),
            ]
        )
        return max(company.groupbuy_leader_message_limit - sent, 0)

    @api.model
    def _get_channels(self, company):
        """:return: {channel: label} that leaders may use"""
        labels = dict(self._fields["channel"]._description_selection(self.env))
        if not company.groupbuy_leader_sms:
            del labels["sms"]
        return labels

    # === SEND === #

    @api.model
    def _send_to(self, leader, kind, channel, text="", campaign_id=None, key=None):
        """Write to residents, in a job; harmless to repeat with the same key.

        :param str kind: "waiting" or "campaign"
        :param str channel: "mail" or "sms"
        :param str text: up to 300 characters; a text message has none, it says what
            its template says
        :param campaign_id: for "campaign", the number of the group buy
        :return: the message
        :raise UserError: nobody to write to, the day's limit is reached, or bad input
        """
        campaign = self._check_message(leader, kind, channel, text, campaign_id, key)
        # Two at once must not both be the day's last one: the second one collides with
        # this write, and starts over.
        leader.last_message_at = fields.Datetime.now()
        self.env.flush_all()
        if key and (known := self._find_key(leader, key)):
            return known
        if not self._get_left_today(leader):
            raise UserError(
                self.env._(
                    "You have sent as many messages as a day allows (%s). Try again "
                    "tomorrow.",
                    leader.company_id.groupbuy_leader_message_limit,
                )
            )
        recipients = self._get_recipients(leader, kind, channel, campaign)
        if not recipients:
            raise UserError(self.env._("There is nobody to write to."))
        message = self.create(
            {
                "leader_id": leader.id,
                "kind": kind,
                "channel": channel,
                "campaign_id": campaign.id if kind == "campaign" else False,
                "text": text.strip() if channel == "mail" else False,
                "key": key or False,
                "recipient_count": len(recipients),
                "recipient_ids": [
                    Command.create(
                        {
                            "partner_id": partner.id,
                            "order_ids": [Command.set(orders.ids)],
                        }
                    )
                    for partner, orders in recipients.items()
                ],
            }
        )
        message.with_delay(
            channel="root.groupbuy",
            description=self.env._("Message of leader %s", leader.partner_id.name),
        )._send()
        return message

    def _check_message(self, leader, kind, channel, text, campaign_id, key):
        """:return: the campaign whose buyers are meant, if any"""
        campaigns = self._get_campaigns(leader)
        if kind not in ("waiting", "campaign"):
            raise UserError(self.env._("Choose whom to write to."))
        if channel not in self._get_channels(leader.company_id):
            raise UserError(self.env._("Choose how to write to them."))
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            raise UserError(
                self.env._("Write at most %s characters of plain text.", MAX_TEXT)
            )
        if kind == "campaign" and channel == "mail" and not text.strip():
            raise UserError(self.env._("Write what you want to say."))
        if key is not None and (not isinstance(key, str) or len(key) > MAX_KEY):
            raise UserError(self.env._("This message cannot be sent."))
        campaign = campaigns.filtered(lambda own: own.id == campaign_id)
        if kind == "campaign" and not campaign:
            raise UserError(self.env._("Choose a group buy of your point."))
        return campaign

    def _find_key(self, leader, key):
        return self.search([("leader_id", "=", leader.id), ("key", "=", key)])

    def _send(self):
        """Hand these messages over to Odoo's mail and SMS queues, once."""
        for message in self.filtered(lambda message: not message.sent_at):
            message.sent_at = fields.Datetime.now()
            if message.channel == "sms":
                message.recipient_ids._send_sms()
            else:
                message.recipient_ids._send_mail()


class GroupbuyLeaderMessageRecipient(models.Model):
    """Somebody to whom a leader wrote, and about which orders."""

    _name = "groupbuy.leader.message.recipient"
    _description = "Recipient of a Leader's Message"
    _rec_name = "partner_id"

    message_id = fields.Many2one(
        "groupbuy.leader.message", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Resident", required=True, index=True, ondelete="cascade"
    )
    order_ids = fields.Many2many("sale.order", string="Orders")

    def _send_mail(self):
        # In the platform's name: residents do not get the leader's own address.
        template = self.env.ref("groupbuy_leader.mail_template_leader_message")
        template.with_user(SUPERUSER_ID).send_mail_batch(self.ids)
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _send_sms(self):
        for kind, recipients in self.grouped(lambda own: own.message_id.kind).items():
            template = self.env.ref(f"groupbuy_leader.sms_template_{kind}")
            # One text each, about the latest order, whose history keeps it.
            latest = self.env["sale.order"].union(
                *(recipient.order_ids[:1] for recipient in recipients)
            )
            latest._message_sms_schedule_mass(template=template)
