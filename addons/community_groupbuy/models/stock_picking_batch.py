from odoo import api, fields, models


class StockPickingBatch(models.Model):
    """A day of a delivery route: one batch, validated when the truck leaves."""

    _inherit = "stock.picking.batch"

    groupbuy_route_id = fields.Many2one(
        "groupbuy.route", string="Route", index="btree_not_null", copy=False
    )
    groupbuy_date = fields.Date(
        string="Day",
        compute="_compute_groupbuy_date",
        store=True,
        index="btree_not_null",
        help="Day of delivery, in the company's time zone.",
    )
    groupbuy_driver_id = fields.Many2one(related="groupbuy_route_id.driver_id")
    groupbuy_vehicle = fields.Char(related="groupbuy_route_id.vehicle")
    groupbuy_transfer_ids = fields.One2many(
        "stock.picking",
        "batch_id",
        string="Transfers to Points",
        domain=[("groupbuy_kind", "=", "transfer")],
        readonly=True,
    )
    groupbuy_point_count = fields.Integer(
        string="Stops", compute="_compute_groupbuy_progress"
    )
    groupbuy_piece_count = fields.Float(
        string="Pieces", compute="_compute_groupbuy_progress", digits="Product Unit"
    )
    groupbuy_ready_count = fields.Integer(
        string="Fully Found",
        compute="_compute_groupbuy_progress",
        help="Transfers whose goods are all there.",
    )
    groupbuy_left_count = fields.Integer(
        string="On the Way", compute="_compute_groupbuy_progress"
    )
    groupbuy_arrived_count = fields.Integer(
        string="Arrived", compute="_compute_groupbuy_progress"
    )
    groupbuy_transfer_count = fields.Integer(
        string="Number of Transfers", compute="_compute_groupbuy_progress"
    )
    groupbuy_issue_count = fields.Integer(
        string="Short or Damaged", compute="_compute_groupbuy_progress"
    )
    groupbuy_progress = fields.Float(
        string="Progress (%)",
        compute="_compute_groupbuy_progress",
        digits=(5, 1),
        help="A transfer counts half when it has left, whole when it has arrived.",
    )

    @api.depends("scheduled_date", "company_id")
    def _compute_groupbuy_date(self):
        for batch in self:
            batch.groupbuy_date = batch.scheduled_date and (
                batch.company_id._get_groupbuy_date(batch.scheduled_date)
            )

    @api.depends("groupbuy_transfer_ids.groupbuy_stage", "groupbuy_transfer_ids.state")
    def _compute_groupbuy_progress(self):
        transfers = self.groupbuy_transfer_ids.filtered(
            lambda picking: picking.state != "cancel"
        )
        pieces = dict(
            self.env["stock.move"]._read_group(
                [
                    ("picking_id", "in", transfers.ids),
                    ("state", "!=", "cancel"),
                    ("location_dest_usage", "=", "internal"),
                ],
                ["picking_id"],
                ["product_qty:sum"],
            )
        )
        by_batch = transfers.grouped("batch_id")
        for batch in self:
            own = by_batch.get(batch, transfers.browse())
            stages = own.mapped("groupbuy_stage")
            left, arrived = stages.count("way"), stages.count("point")
            batch.groupbuy_transfer_count = len(own)
            batch.groupbuy_point_count = len(own.pickup_point_id)
            batch.groupbuy_piece_count = sum(pieces.get(move, 0) for move in own)
            batch.groupbuy_ready_count = len(
                own.filtered(lambda picking: picking.state in ("assigned", "done"))
            )
            batch.groupbuy_left_count = left
            batch.groupbuy_arrived_count = arrived
            batch.groupbuy_issue_count = sum(own.mapped("groupbuy_issue_count"))
            batch.groupbuy_progress = (
                100 * (left / 2 + arrived) / len(own) if own else 0
            )

    @api.model
    def _groupbuy_find_open(self, keys):
        """Find the batches that have not left, all in one search.

        :param keys: as of `stock.picking._groupbuy_get_batch_key`
        :return: {key: batch} of those that exist
        """
        keys = set(keys)
        if not keys:
            return {}
        companies, types, routes, days = zip(*keys, strict=True)
        batches = self.search(
            [
                ("state", "in", ("draft", "in_progress")),
                ("is_wave", "=", False),
                ("company_id", "in", [company.id for company in companies]),
                ("picking_type_id", "in", [kind.id for kind in types]),
                ("groupbuy_route_id", "in", [route.id for route in routes]),
                ("groupbuy_date", "in", days),
                ("picking_ids.groupbuy_kind", "=", "transfer"),
                ("id", "not in", self.env.context.get("batches_to_validate", [])),
            ],
            order="id desc",
        )
        found = {
            (
                batch.company_id,
                batch.picking_type_id,
                batch.groupbuy_route_id,
                batch.groupbuy_date,
            ): batch
            for batch in batches
        }
        return {key: found[key] for key in keys if key in found}

    def action_groupbuy_view_transfers(self):
        """Open the transfers of these batches."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.stock_picking_transfer_action"
        )
        action["domain"] = [
            ("batch_id", "in", self.ids),
            ("groupbuy_kind", "=", "transfer"),
        ]
        action["context"] = {"create": False}
        return action
