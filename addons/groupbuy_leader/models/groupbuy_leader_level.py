from odoo import api, fields, models


class GroupbuyLeaderLevel(models.Model):
    """What leaders have to bring to be on a level; the highest that fits is theirs."""

    _name = "groupbuy.leader.level"
    _description = "Leader Level"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10, help="Higher levels come later.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    days = fields.Integer(
        default=90, required=True, help="The last days that are looked at."
    )
    min_turnover = fields.Monetary(string="Turnover from")
    min_orders = fields.Integer(string="Orders from")
    min_customers = fields.Integer(string="Customers from")
    leader_ids = fields.One2many("groupbuy.leader", "level_id")
    leader_count = fields.Integer(compute="_compute_leader_count", string="Leaders")

    _figures_check = models.Constraint(
        "CHECK(min_turnover >= 0 AND min_orders >= 0 AND min_customers >= 0)",
        "What a level asks for cannot be negative.",
    )
    _days_check = models.Constraint(
        "CHECK(days BETWEEN 1 AND 366)", "Levels look at 1 to 366 days."
    )

    def _compute_leader_count(self):
        groups = self.env["groupbuy.leader"]._read_group(
            [("level_id", "in", self.ids)], ["level_id"], ["__count"]
        )
        counts = {level.id: count for level, count in groups}
        for level in self:
            level.leader_count = counts.get(level.id, 0)

    def action_view_leaders(self):
        """Open the leaders on this level."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "groupbuy_leader.groupbuy_leader_action"
        )
        action["domain"] = [("level_id", "=", self.id)]
        action["context"] = {}
        return action

    def _is_reached(self, figures):
        """Whether these figures are enough for this level.

        :param figures: of one leader, as of `groupbuy.leader._read_figures`
        """
        self.ensure_one()
        return (
            figures["turnover"] >= self.min_turnover
            and figures["orders"] >= self.min_orders
            and figures["customers"] >= self.min_customers
        )


class GroupbuyLeaderLevelChange(models.Model):
    """When a leader came to a level, by which figures or for what reason."""

    _name = "groupbuy.leader.level.change"
    _description = "Change of a Leader's Level"
    _order = "id desc"
    _rec_name = "leader_id"

    leader_id = fields.Many2one(
        "groupbuy.leader", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="leader_id.company_id", store=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    before_id = fields.Many2one("groupbuy.leader.level", ondelete="restrict")
    after_id = fields.Many2one("groupbuy.leader.level", ondelete="restrict")
    by_hand = fields.Boolean()
    user_id = fields.Many2one("res.users", string="By", ondelete="restrict")
    reason = fields.Char()
    turnover = fields.Monetary()
    orders = fields.Integer()
    customers = fields.Integer()

    @api.depends("before_id", "after_id")
    def _compute_display_name(self):
        for change in self:
            change.display_name = (
                f"{change.before_id.name or '–'} → {change.after_id.name or '–'}"
            )
