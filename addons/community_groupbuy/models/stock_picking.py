from odoo import api, fields, models


class StockPicking(models.Model):
    """The ways of group-buy goods: warehouse, pickup point, resident, and back."""

    _inherit = "stock.picking"

    groupbuy_kind = fields.Selection(
        [
            ("transfer", "To a Pickup Point"),
            ("handover", "Hand-over"),
            ("door", "To the Door"),
            ("takeback", "Back from a Resident"),
            ("return", "Back to the Warehouse"),
        ],
        string="Group-buy Way",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
    groupbuy_campaign_id = fields.Many2one(
        "groupbuy.campaign",
        string="Group Buy",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
    pickup_point_id = fields.Many2one(
        "groupbuy.pickup.point", index="btree_not_null", copy=False, readonly=True
    )
    groupbuy_route_id = fields.Many2one(
        "groupbuy.route",
        string="Route",
        compute="_compute_groupbuy_route_id",
        store=True,
        index="btree_not_null",
        help="Of the point when the goods went there.",
    )
    groupbuy_route_sequence = fields.Integer(
        related="pickup_point_id.route_sequence", string="Position on the Route"
    )
    groupbuy_stage = fields.Selection(
        [
            ("warehouse", "In the Warehouse"),
            ("way", "On the Way"),
            ("point", "At the Point"),
        ],
        string="Goods Are",
        copy=False,
        readonly=True,
        help="Of a transfer: left when validated, at the point once arrival has been "
        "recorded. Of a hand-over: as far as the last of its goods has come.",
    )
    groupbuy_arrived_at = fields.Datetime(
        string="Arrived On", copy=False, readonly=True, index="btree_not_null"
    )
    groupbuy_arrived_by_id = fields.Many2one(
        "res.users", string="Received By", copy=False, readonly=True
    )
    groupbuy_issue_ids = fields.One2many(
        "groupbuy.arrival.issue", "picking_id", string="Short or Damaged"
    )
    groupbuy_issue_count = fields.Integer(
        string="Number of Issues", compute="_compute_groupbuy_issue_count"
    )

    # The route of another day is no reason to rewrite what has been delivered.
    @api.depends("pickup_point_id")
    def _compute_groupbuy_route_id(self):
        for picking in self:
            picking.groupbuy_route_id = picking.pickup_point_id.route_id

    @api.depends("groupbuy_issue_ids")
    def _compute_groupbuy_issue_count(self):
        groups = self.env["groupbuy.arrival.issue"]._read_group(
            [("picking_id", "in", self.ids)], ["picking_id"], ["__count"]
        )
        counts = {picking.id: count for picking, count in groups}
        for picking in self:
            picking.groupbuy_issue_count = counts.get(picking.id, 0)

    # === BATCHES === #

    def _groupbuy_put_in_batches(self):
        """Put open transfers into the batch of their route and day.

        A batch that has not left yet is joined, otherwise one is opened.
        """
        transfers = self.filtered(
            lambda picking: picking.state not in ("draft", "done", "cancel")
        )
        by_key = transfers.grouped(lambda picking: picking._groupbuy_get_batch_key())
        batch_model = self.env["stock.picking.batch"]
        batches = batch_model._groupbuy_find_open(by_key)
        missing = [key for key in by_key if key not in batches]
        created = batch_model.create(
            [by_key[key]._groupbuy_prepare_batch() for key in missing]
        )
        created.state = "in_progress"
        for key, batch in batches.items():
            late = by_key[key].filtered(
                lambda picking, own=batch: picking.batch_id != own
            )
            if late:
                late.batch_id = batch
        return transfers.batch_id

    def _groupbuy_get_batch_key(self):
        """:return: (company, operation, route, day): what travels together"""
        self.ensure_one()
        day = self.company_id._get_groupbuy_date(self.scheduled_date)
        return (self.company_id, self.picking_type_id, self.groupbuy_route_id, day)

    def _groupbuy_prepare_batch(self):
        transfer = self[0]
        return {
            "company_id": transfer.company_id.id,
            "picking_type_id": transfer.picking_type_id.id,
            "groupbuy_route_id": transfer.groupbuy_route_id.id,
            "description": transfer.groupbuy_route_id.name,
            "picking_ids": [fields.Command.set(self.ids)],
        }

    def _create_backorder_picking(self):
        """Override of `stock`: what goes later goes the same way."""
        backorder = super()._create_backorder_picking()
        if self.groupbuy_kind:
            backorder.write(
                {
                    "groupbuy_kind": self.groupbuy_kind,
                    "groupbuy_stage": self.groupbuy_stage,
                    "groupbuy_campaign_id": self.groupbuy_campaign_id.id,
                    "pickup_point_id": self.pickup_point_id.id,
                }
            )
        return backorder
