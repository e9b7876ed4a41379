from odoo import api, fields, models


class GroupbuyPickupPointTransfer(models.TransientModel):
    """Hand pickup points to another leader, with what is open there."""

    _name = "groupbuy.pickup.point.transfer"
    _description = "Transfer of Pickup Points"

    point_ids = fields.Many2many(
        "groupbuy.pickup.point", string="Pickup Points", required=True
    )
    leader_id = fields.Many2one(
        "groupbuy.leader",
        string="New Leader",
        domain="[('state', '=', 'approved')]",
        help="Empty: operators run the points until there is another leader.",
    )
    move_orders = fields.Boolean(
        string="Open Orders Go Along",
        default=True,
        help="The new leader earns on orders that have not been collected yet; else "
        "the old one does.",
    )
    reason = fields.Char()
    order_count = fields.Integer(compute="_compute_order_count", string="Open Orders")

    @api.depends("point_ids")
    def _compute_order_count(self):
        for transfer in self:
            transfer.order_count = self.env["sale.order"].search_count(
                transfer.point_ids._get_open_orders_domain()
            )

    def action_confirm(self):
        """Transfer the points.

        :raise UserError: the leader is not approved, or of another company
        """
        self.ensure_one()
        self.point_ids.action_transfer(self.leader_id, self.move_orders, self.reason)
