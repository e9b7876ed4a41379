from odoo import api, fields, models


class SaleOrder(models.Model):
    """Who leads the point of an order, as of the order's day."""

    _inherit = "sale.order"

    groupbuy_leader_id = fields.Many2one(
        "groupbuy.leader",
        string="Leader",
        compute="_compute_groupbuy_leader_id",
        store=True,
        index="btree_not_null",
        ondelete="restrict",
        groups="community_groupbuy.group_operator",
        help="Of the pickup point when the order was placed or moved there.",
    )

    # The leader of another day earns nothing on what was ordered before.
    @api.depends("pickup_point_id")
    def _compute_groupbuy_leader_id(self):
        for order in self:
            order.groupbuy_leader_id = order.pickup_point_id.leader_id

    def _groupbuy_set_leader(self, leader):
        """Hand these orders to another leader, with what they will earn.

        :param leader: a `groupbuy.leader`, or empty
        """
        self.groupbuy_leader_id = leader
