from odoo import api, fields, models


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

    # As the route's: what was delivered stays in the books of who received it.
    @api.depends("pickup_point_id")
    def _compute_groupbuy_leader_id(self):
        for picking in self:
            picking.groupbuy_leader_id = picking.pickup_point_id.leader_id
