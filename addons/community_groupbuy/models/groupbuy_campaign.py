from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

VISIBLE_STATES = ("scheduled", "open", "closing", "succeeded", "failed")
FINAL_STATES = ("succeeded", "failed", "cancelled")


class GroupbuyCampaign(models.Model):
    _name = "groupbuy.campaign"
    _description = "Group Buy"
    _inherit = ["mail.thread", "mail.activity.mixin", "image.mixin"]
    _order = "date_close desc, id desc"

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(
        required=True,
        copy=False,
        default=lambda self: self.env["ir.sequence"].next_by_code("groupbuy.campaign"),
        help="Key of this campaign in imports.",
    )
    description = fields.Html(translate=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("scheduled", "Scheduled"),
            ("open", "Open"),
            ("closing", "Closing"),
            ("succeeded", "Succeeded"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        copy=False,
        readonly=True,
        index=True,
        tracking=True,
        group_expand="_group_expand_states",
    )
    date_open = fields.Datetime(
        string="Opens",
        required=True,
        default=fields.Datetime.now,
        tracking=True,
    )
    date_close = fields.Datetime(
        string="Closes",
        required=True,
        default=lambda self: fields.Datetime.now() + timedelta(days=3),
        index=True,
        tracking=True,
    )
    planned_close = fields.Datetime(
        readonly=True, copy=False, help="When it was to close as it was published."
    )
    goal_type = fields.Selection(
        [
            ("none", "No Goal"),
            ("participants", "Participants"),
            ("quantity", "Pieces"),
            ("amount", "Amount"),
        ],
        required=True,
        default="none",
        help="What must be reached, paid, for the campaign to succeed.",
    )
    goal_value = fields.Float(string="Goal")
    on_failure = fields.Selection(
        [("refund", "Refund Everyone"), ("extend", "Extend Once, Then Refund")],
        required=True,
        default="refund",
    )
    extension_hours = fields.Integer(default=24)
    extended = fields.Boolean(readonly=True, copy=False)
    pickup_point_ids = fields.Many2many(
        "groupbuy.pickup.point", string="Pickup Points", help="Empty: all points."
    )
    door_delivery = fields.Boolean(
        string="Deliver to the Door",
        help="Residents may have it brought to their address, for the fee of the first "
        "delivery method that goes there.",
    )
    pickup_date = fields.Datetime(
        string="Ready From", help="When goods can be collected."
    )
    pickup_deadline = fields.Datetime(string="Collect Until")
    offer_ids = fields.One2many("groupbuy.offer", "campaign_id", copy=True)
    close_when_full = fields.Boolean(
        help="Close as soon as every offer's quota is bought."
    )
    recurrence = fields.Selection(
        [("none", "Once"), ("weekly", "Every Week")],
        required=True,
        default="none",
        help="A weekly campaign schedules its next one when it closes.",
    )
    nudged = fields.Boolean(readonly=True, copy=False)
    order_ids = fields.One2many("sale.order", "groupbuy_campaign_id")

    participant_count = fields.Integer(
        string="Participants", compute="_compute_progress"
    )
    paid_quantity = fields.Integer(string="Pieces Paid", compute="_compute_progress")
    paid_amount = fields.Monetary(
        string="Paid",
        compute="_compute_progress",
        help="Pieces paid at the prices shown when joining, before coupons.",
    )
    goal_progress = fields.Float(
        string="Goal Reached (%)", compute="_compute_progress", digits=(5, 1)
    )
    order_count = fields.Integer(compute="_compute_order_counts")
    pending_count = fields.Integer(
        string="Orders to Process",
        compute="_compute_order_counts",
        help="Orders that the closing has yet to confirm or refund.",
    )
    closing_progress = fields.Float(compute="_compute_order_counts", digits=(5, 1))

    _code_unique = models.UniqueIndex(
        "(company_id, code)", "Another campaign has this code already."
    )
    _dates_check = models.Constraint(
        "CHECK(date_close > date_open)", "A campaign must close after it opens."
    )
    _goal_check = models.Constraint(
        "CHECK(goal_type = 'none' OR goal_value > 0)", "The goal must be positive."
    )
    _extension_check = models.Constraint(
        "CHECK(on_failure = 'refund' OR extension_hours BETWEEN 1 AND 720)",
        "A campaign is extended by 1 to 720 hours.",
    )

    # === CONSTRAINTS === #

    @api.constrains("pickup_date", "pickup_deadline", "date_close")
    def _check_pickup_dates(self):
        for campaign in self:
            if campaign.pickup_date and campaign.pickup_date < campaign.date_close:
                raise ValidationError(
                    self.env._("Goods cannot be collected before the campaign closes.")
                )
            if (
                campaign.pickup_date
                and campaign.pickup_deadline
                and campaign.pickup_deadline < campaign.pickup_date
            ):
                raise ValidationError(
                    self.env._("The last day to collect is before the first.")
                )

    # === COMPUTES === #

    def _compute_progress(self):
        progress = self._get_progress()
        for campaign in self:
            participants, quantity, amount = progress.get(campaign.id, (0, 0, 0.0))
            campaign.participant_count = participants
            campaign.paid_quantity = quantity
            campaign.paid_amount = amount
            reached = campaign._get_goal_reached(participants, quantity, amount)
            campaign.goal_progress = (
                min(reached / campaign.goal_value, 1) * 100
                if campaign.goal_type != "none" and campaign.goal_value
                else 0
            )

    def _get_progress(self):
        """:return: {campaign id: (participants, pieces paid, amount at joining)}"""
        if not self.ids:
            return {}
        self.env["groupbuy.hold"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT campaign_id, COUNT(DISTINCT partner_id),
                       SUM(quantity), SUM(quantity * price)
                  FROM groupbuy_hold
                 WHERE campaign_id IN %s AND state = 'paid'
              GROUP BY campaign_id
                """,
                tuple(self.ids),
            )
        )
        return {campaign_id: numbers for campaign_id, *numbers in rows}

    def _get_goal_reached(self, participants, quantity, amount):
        """:return: how much of the goal is reached, in the goal's unit"""
        self.ensure_one()
        return {
            "participants": participants,
            "quantity": quantity,
            "amount": float(amount),
        }.get(self.goal_type, 0)

    @api.depends("state", "order_ids.state", "order_ids.groupbuy_cancel_reason")
    def _compute_order_counts(self):
        groups = self.env["sale.order"]._read_group(
            [
                ("groupbuy_campaign_id", "in", self.ids),
                "|",
                ("state", "in", ("sent", "sale")),
                ("groupbuy_cancel_reason", "=", "failed"),
            ],
            ["groupbuy_campaign_id", "state"],
            ["__count"],
        )
        counts = {(campaign.id, state): count for campaign, state, count in groups}
        for campaign in self:
            waiting = counts.get((campaign.id, "sent"), 0)
            processed = sum(
                counts.get((campaign.id, state), 0) for state in ("sale", "cancel")
            )
            campaign.order_count = waiting + processed
            campaign.pending_count = waiting if campaign.state == "closing" else 0
            campaign.closing_progress = (
                100 * processed / (waiting + processed) if waiting + processed else 0
            )

    @api.model
    def _group_expand_states(self, states, domain):
        """:return: the columns of the kanban: those to work in, and those in use"""
        order = [state for state, _label in self._fields["state"].selection]
        shown = {"draft", "scheduled", "open", *states}
        return [state for state in order if state in shown]

    # === CRUD === #

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if default and "date_open" in default:
            return vals_list
        for campaign, vals in zip(self, vals_list, strict=True):
            vals.update(campaign._get_shifted_dates(campaign._get_weeks_ahead()))
            vals["name"] = self.env._("%s (copy)", campaign.name)
        return vals_list

    def _get_weeks_ahead(self):
        """:return: the weeks to add so that a copy opens in the future"""
        self.ensure_one()
        late = fields.Datetime.now() - self.date_open
        return max(late // timedelta(weeks=1) + 1, 1)

    def _get_shifted_dates(self, weeks):
        shift = timedelta(weeks=weeks)
        names = ("date_open", "date_close", "pickup_date", "pickup_deadline")
        dates = {name: self[name] + shift for name in names if self[name]}
        # Closed early or extended is this campaign alone.
        if self.planned_close:
            dates["date_close"] = self.planned_close + shift
        return dates

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.filtered(lambda campaign: campaign.state not in ("draft", "cancelled")):
            raise UserError(
                self.env._("Cancel a published campaign before deleting it.")
            )
        if self.order_ids:
            raise UserError(self.env._("A campaign with orders is kept for the books."))

    # === ACTIONS === #

    def action_publish(self):
        """Show the campaigns to residents; they open by themselves at their date.

        :raise UserError: a campaign is not a draft, has no offer, or is over already
        """
        for campaign in self:
            if campaign.state != "draft":
                raise UserError(self.env._("%s is published already.", campaign.name))
            if not campaign.offer_ids:
                raise UserError(
                    self.env._("%s: add at least one product first.", campaign.name)
                )
            if campaign.date_close <= fields.Datetime.now():
                raise UserError(
                    self.env._("%s: the closing date has passed.", campaign.name)
                )
            campaign.planned_close = campaign.date_close
        self.state = "scheduled"
        self._open_due()
        self._trigger_at_dates()

    def action_back_to_draft(self):
        """Take campaigns that nobody has joined back from the website."""
        if self.filtered(lambda campaign: campaign.state != "scheduled"):
            raise UserError(
                self.env._("Only a campaign that is not open yet goes back to draft.")
            )
        self.state = "draft"

    def action_extend(self, hours):
        """Let an open campaign run `hours` longer."""
        self.ensure_one()
        if self.state not in ("scheduled", "open"):
            raise UserError(self.env._("Only an open campaign can be extended."))
        if not 1 <= hours <= 720:
            raise UserError(self.env._("A campaign is extended by 1 to 720 hours."))
        shift = timedelta(hours=hours)
        vals = {"date_close": self.date_close + shift}
        if self.pickup_date and self.pickup_date < vals["date_close"]:
            vals["pickup_date"] = self.pickup_date + shift
            if self.pickup_deadline:
                vals["pickup_deadline"] = self.pickup_deadline + shift
        self.write(vals)
        self._trigger_at_dates()

    def action_view_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.sale_order_action"
        )
        action["domain"] = [("groupbuy_campaign_id", "=", self.id)]
        action["context"] = {"create": False}
        return action

    def action_preview(self):
        """Open the campaign's page as residents see it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "target": "new",
            "url": self._get_website_url(),
        }

    # === BUSINESS METHODS === #

    def _get_website_url(self):
        self.ensure_one()
        return f"/groupbuy/{self.env['ir.http']._slug(self)}"

    def _trigger_at_dates(self):
        cron = self.env.ref("community_groupbuy.campaign_cron").sudo()
        dates = set(self.mapped("date_open")) | set(self.mapped("date_close"))
        for date in dates:
            cron._trigger(at=max(date, fields.Datetime.now()))

    def _open_due(self):
        now = fields.Datetime.now()
        self.filtered(
            lambda campaign: campaign.state == "scheduled" and campaign.date_open <= now
        ).state = "open"

    def _get_pickup_points(self):
        """:return: the points where this campaign can be collected"""
        self.ensure_one()
        chosen = self.with_context(active_test=False).pickup_point_ids
        if chosen:
            return self.pickup_point_ids.browse(chosen.filtered("active").ids)
        return self.env["groupbuy.pickup.point"].search(
            [("company_id", "=", self.company_id.id)]
        )

    def _get_pickup_day(self):
        """:return: the day on which goods are collected; today where none is set yet"""
        self.ensure_one()
        return self.company_id._get_groupbuy_date(self.pickup_date)

    def _schedule_next(self):
        """Publish next week's campaign for those that recur."""
        for campaign in self.filtered(lambda campaign: campaign.recurrence == "weekly"):
            campaign.copy(campaign._prepare_next()).action_publish()

    def _prepare_next(self):
        """:return: in what next week's campaign differs from a mere copy"""
        self.ensure_one()
        shifted = self._get_shifted_dates(self._get_weeks_ahead())
        return {"name": self.name, **shifted}
