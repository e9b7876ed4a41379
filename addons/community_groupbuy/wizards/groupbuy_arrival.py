from odoo import api, fields, models
from odoo.fields import Command


class GroupbuyArrival(models.TransientModel):
    """Goods against their manifest, as they stand at the point."""

    _name = "groupbuy.arrival"
    _description = "Record an Arrival"

    picking_id = fields.Many2one(
        "stock.picking", required=True, readonly=True, ondelete="cascade"
    )
    pickup_point_id = fields.Many2one(related="picking_id.pickup_point_id")
    groupbuy_campaign_id = fields.Many2one(related="picking_id.groupbuy_campaign_id")
    date_done = fields.Datetime(string="Left On", related="picking_id.date_done")
    line_ids = fields.One2many(
        "groupbuy.arrival.line",
        "arrival_id",
        string="Products",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    has_losses = fields.Boolean(compute="_compute_has_losses")

    @api.depends("picking_id")
    def _compute_line_ids(self):
        for arrival in self:
            came = arrival.picking_id._groupbuy_get_came()
            arrival.line_ids = [
                Command.clear(),
                *(
                    Command.create({"product_id": product.id, "came": pieces})
                    for product, pieces in came.items()
                ),
            ]

    @api.depends("line_ids.short", "line_ids.damaged")
    def _compute_has_losses(self):
        for arrival in self:
            arrival.has_losses = any(
                line.short or line.damaged for line in arrival.line_ids
            )

    def action_all_right(self):
        """Everything has come in good order."""
        self.ensure_one()
        self.picking_id.groupbuy_record_arrival()

    def action_record(self):
        """Record what is short or damaged; the rest has come in good order."""
        self.ensure_one()
        self.picking_id.groupbuy_record_arrival(
            [
                {
                    "product_id": line.product_id.id,
                    "short": line.short,
                    "damaged": line.damaged,
                    "photo": line.photo,
                    "note": line.note,
                    "substitute_product_id": line.substitute_product_id.id,
                    "substitute_quantity": line.substitute_quantity,
                }
                for line in self.line_ids
            ]
        )


class GroupbuyArrivalLine(models.TransientModel):
    _name = "groupbuy.arrival.line"
    _description = "Product That Has Arrived"

    arrival_id = fields.Many2one("groupbuy.arrival", required=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade")
    came = fields.Float(string="Sent", digits="Product Unit")
    short = fields.Float(digits="Product Unit")
    damaged = fields.Float(digits="Product Unit")
    photo = fields.Image(max_width=1920, max_height=1920)
    note = fields.Char()
    substitute_product_id = fields.Many2one(
        "product.product",
        string="Came Instead",
        domain="[('type', '=', 'consu'), ('tracking', '=', 'none')]",
        ondelete="cascade",
    )
    substitute_quantity = fields.Float(string="Pieces Instead", digits="Product Unit")
