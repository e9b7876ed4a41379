from odoo import fields, models


class GroupbuyRoute(models.Model):
    """A round of the delivery truck: the pickup points it calls at, in order."""

    _name = "groupbuy.route"
    _description = "Delivery Route"
    _order = "sequence, name, id"

    name = fields.Char(required=True)
    code = fields.Char(help="Short name, for crates and sheets.")
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    color = fields.Integer()
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    driver_id = fields.Many2one(
        "res.partner", index="btree_not_null", help="Who usually drives this route."
    )
    vehicle = fields.Char(help="Number plate or name of the truck.")
    point_ids = fields.One2many(
        "groupbuy.pickup.point", "route_id", string="Pickup Points"
    )
    point_count = fields.Integer(
        string="Number of Pickup Points", compute="_compute_point_count"
    )

    _code_unique = models.UniqueIndex(
        "(company_id, code) WHERE code IS NOT NULL",
        "Another route has this code already.",
    )

    def _compute_point_count(self):
        groups = self.env["groupbuy.pickup.point"]._read_group(
            [("route_id", "in", self.ids)], ["route_id"], ["__count"]
        )
        counts = {route.id: count for route, count in groups}
        for route in self:
            route.point_count = counts.get(route.id, 0)

    def action_view_points(self):
        """Open the points of this route, in the order of the truck."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.groupbuy_pickup_point_action"
        )
        action["domain"] = [("route_id", "=", self.id)]
        action["context"] = {"default_route_id": self.id}
        return action

    def action_view_batches(self):
        """Open the days of this route."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.stock_picking_batch_action"
        )
        action["domain"] = [("groupbuy_route_id", "=", self.id)]
        action["context"] = {"create": False}
        return action
