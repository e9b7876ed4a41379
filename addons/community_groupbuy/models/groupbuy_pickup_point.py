from odoo import api, fields, models


class GroupbuyPickupPoint(models.Model):
    _name = "groupbuy.pickup.point"
    _description = "Pickup Point"
    _inherit = ["mail.thread", "image.mixin"]
    _order = "route_id, route_sequence, name"

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(
        required=True,
        copy=False,
        default=lambda self: self.env["ir.sequence"].next_by_code(
            "groupbuy.pickup.point"
        ),
        help="Key of this point in imports.",
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Address",
        required=True,
        index=True,
        ondelete="restrict",
    )
    street = fields.Char(related="partner_id.street", readonly=False)
    district = fields.Char(related="partner_id.street2", readonly=False)
    city = fields.Char(related="partner_id.city", readonly=False)
    zip = fields.Char(related="partner_id.zip", readonly=False)
    phone = fields.Char(related="partner_id.phone", readonly=False)
    opening_hours = fields.Char(translate=True)
    latitude = fields.Float(digits=(10, 7))
    longitude = fields.Float(digits=(10, 7))
    capacity = fields.Integer(help="Orders a day; 0 for no limit.")
    route_id = fields.Many2one(
        "groupbuy.route",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        help="Delivery route that serves this point.",
    )
    route_sequence = fields.Integer(help="Position on the route.")
    location_id = fields.Many2one(
        "stock.location",
        string="Stock Location",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="Where this point's goods are kept: outside the warehouse, so that they "
        "are not promised twice.",
    )
    order_ids = fields.One2many("sale.order", "pickup_point_id")
    order_count = fields.Integer(compute="_compute_order_count")

    _code_unique = models.UniqueIndex(
        "(company_id, code)", "Another pickup point has this code already."
    )
    _capacity_check = models.Constraint(
        "CHECK(capacity >= 0)", "The capacity cannot be negative."
    )
    _position_check = models.Constraint(
        "CHECK(latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180)",
        "Latitude goes from -90 to 90, longitude from -180 to 180.",
    )

    def _compute_order_count(self):
        groups = self.env["sale.order"]._read_group(
            [("pickup_point_id", "in", self.ids), ("state", "!=", "cancel")],
            ["pickup_point_id"],
            ["__count"],
        )
        counts = {point.id: count for point, count in groups}
        for point in self:
            point.order_count = counts.get(point.id, 0)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("partner_id"):
                vals["partner_id"] = self._create_address(vals).id
        points = super().create(vals_list)
        points._ensure_location()
        return points

    def write(self, vals):
        result = super().write(vals)
        if "route_id" in vals:
            self._move_open_transfers()
        return result

    def _move_open_transfers(self):
        """What has not left goes by the new route; what has left stays in the books."""
        transfers = self.env["stock.picking"].search(
            [
                ("pickup_point_id", "in", self.ids),
                ("groupbuy_stage", "=", "warehouse"),
                ("state", "not in", ("done", "cancel")),
            ]
        )
        self.env.add_to_compute(transfers._fields["groupbuy_route_id"], transfers)
        transfers.filtered(
            lambda picking: picking.groupbuy_kind == "transfer"
        )._groupbuy_put_in_batches()

    def _create_address(self, vals):
        company = self.env["res.company"].browse(
            vals.get("company_id") or self.env.company.id
        )
        return self.env["res.partner"].create(
            {
                "name": vals.get("name"),
                "type": "delivery",
                "country_id": company.country_id.id,
            }
        )

    def _ensure_location(self):
        """Give each point its own stock location, outside the warehouse's view."""
        # Operators need not be warehouse people to open a point.
        location_model_sudo = self.env["stock.location"].sudo()
        for point in self.filtered(lambda point: not point.location_id):
            point.location_id = location_model_sudo.create(
                {
                    "name": point.name,
                    "usage": "internal",
                    "location_id": point._get_parent_location().id,
                    "company_id": point.company_id.id,
                }
            )

    def _get_parent_location(self):
        """:return: the view location of the company's pickup points"""
        self.ensure_one()
        domain = [
            ("groupbuy_points", "=", True),
            ("company_id", "=", self.company_id.id),
        ]
        # As above.
        location_model_sudo = self.env["stock.location"].sudo()
        parent = location_model_sudo.search(domain, limit=1)
        return parent or location_model_sudo.create(
            {
                "name": self.env._("Pickup Points"),
                "usage": "view",
                "groupbuy_points": True,
                "company_id": self.company_id.id,
            }
        )

    def action_view_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.sale_order_action"
        )
        action["domain"] = [("pickup_point_id", "=", self.id)]
        action["context"] = {"create": False}
        return action
