from odoo import fields, models


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

    _figures_check = models.Constraint(
        "CHECK(min_turnover >= 0 AND min_orders >= 0 AND min_customers >= 0)",
        "What a level asks for cannot be negative.",
    )
    _days_check = models.Constraint(
        "CHECK(days BETWEEN 1 AND 366)", "Levels look at 1 to 366 days."
    )
