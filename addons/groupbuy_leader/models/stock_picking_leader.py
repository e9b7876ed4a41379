from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column


class StockPicking(models.Model):
    """Whose point goods were brought to, as of that day."""

    _inherit = "stock.picking"

    groupbuy_leader_id = fields.Many2one(
        "groupbuy.leader",
        string="Leader",
        compute="_compute_groupbuy_leader_id",
        store=True,
        index="btree_not_null",
        ondelete="restrict",
        groups="community_groupbuy.group_operator",
    )

    def _auto_init(self):
        """No point had a leader before: nothing has to be computed."""
        if not column_exists(self.env.cr, self._table, "groupbuy_leader_id"):
            create_column(self.env.cr, self._table, "groupbuy_leader_id", "int4")
        return super()._auto_init()

    # As the route's: what was delivered stays in the books of who received it.
    @api.depends("pickup_point_id")
    def _compute_groupbuy_leader_id(self):
        leader_model = self.env["groupbuy.leader"]
        for picking in self:
            leader_id = picking.pickup_point_id._groupbuy_get_leader_id()
            picking.groupbuy_leader_id = leader_model.browse(leader_id)
