from odoo import fields, models


class GroupbuyLeaderLevelOverride(models.TransientModel):
    """Put leaders on a level by hand, or let the rule decide again."""

    _name = "groupbuy.leader.level.override"
    _description = "Leader Level by Hand"

    leader_ids = fields.Many2many("groupbuy.leader", string="Leaders", required=True)
    by_rule = fields.Boolean(string="By Rule Again")
    level_id = fields.Many2one("groupbuy.leader.level", help="Empty: no level.")
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Write the level, with this reason.

        :raise UserError: no reason
        """
        self.ensure_one()
        if self.by_rule:
            self.leader_ids.action_level_by_rule(self.reason)
        else:
            self.leader_ids.action_set_level(self.level_id, self.reason)
