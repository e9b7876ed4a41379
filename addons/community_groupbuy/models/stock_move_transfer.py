from odoo import fields, models
from odoo.fields import Command


class StockMove(models.Model):
    """How hand-overs that are planned or changed one by one get their goods: on the
    open transfer of their point."""

    _inherit = "stock.move"

    def _groupbuy_get_open_origins(self):
        """:return: what transfers that have not left bring for these hand-overs"""
        return self.move_orig_ids.filtered(
            lambda move: (
                move.picking_id.groupbuy_kind == "transfer"
                and move.state not in ("done", "cancel")
            )
        )

    def _groupbuy_attach(self):
        """Have these hand-overs' goods brought by the open transfers of their points;
        where there is none, a new one is planned."""
        created = self.env["stock.picking"]
        for handover, moves in self.grouped("picking_id").items():
            transfer = handover._groupbuy_find_transfer()
            if not transfer:
                transfer = created.create(handover._groupbuy_prepare_transfer())
                created |= transfer
            transfer._groupbuy_bring(moves)
        created._groupbuy_put_in_batches()

    def _groupbuy_detach(self):
        """Take the goods of these hand-overs off the transfers that have not left."""
        for move in self:
            origins = move._groupbuy_get_open_origins()
            move.move_orig_ids -= origins
            origins._groupbuy_lower(move.product_qty)

    def _groupbuy_plan_less(self, quantity):
        """Plan `quantity` pieces (in this move's unit) less, on both legs."""
        self.ensure_one()
        origins = self._groupbuy_get_open_origins()
        pieces = self.product_uom._compute_quantity(quantity, self.product_id.uom_id)
        if self.product_uom.compare(quantity, self.product_uom_qty) >= 0:
            self.move_orig_ids -= origins
            self._action_cancel()
        else:
            self.product_uom_qty -= quantity
        origins._groupbuy_lower(pieces)

    def _groupbuy_lower(self, pieces):
        """Bring so many pieces less, of what these moves of transfers bring."""
        lowered = emptied = self.browse()
        for move in self:
            part = min(pieces, move.product_uom_qty)
            pieces -= part
            if move.product_uom.compare(part, move.product_uom_qty) >= 0:
                emptied |= move
            elif part:
                move.product_uom_qty -= part
                lowered |= move
        emptied._action_cancel()
        lowered._action_assign()


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _groupbuy_find_transfer(self):
        """:return: the transfer, not gone yet, that can bring this hand-over's goods:
        of its group buy; without one, of its point and day
        """
        self.ensure_one()
        domain = [
            ("groupbuy_kind", "=", "transfer"),
            ("groupbuy_stage", "=", "warehouse"),
            ("groupbuy_campaign_id", "=", self.groupbuy_campaign_id.id),
            ("pickup_point_id", "=", self.pickup_point_id.id),
            ("state", "not in", ("done", "cancel")),
        ]
        if not self.groupbuy_campaign_id:
            point = self.pickup_point_id
            day = point.company_id._get_groupbuy_date(self.scheduled_date)
            begin, end = point._get_day_limits(point.company_id, day)
            domain += [("scheduled_date", ">=", begin), ("scheduled_date", "<", end)]
        return self.search(domain, order="id", limit=1)

    def _groupbuy_prepare_transfer(self):
        """:return: the values of an empty transfer for this hand-over's goods"""
        self.ensure_one()
        warehouse = self.sale_id.warehouse_id
        point = self.pickup_point_id
        return {
            "groupbuy_kind": "transfer",
            "groupbuy_stage": "warehouse",
            "groupbuy_campaign_id": self.groupbuy_campaign_id.id,
            "pickup_point_id": point.id,
            "partner_id": point.partner_id.id,
            "user_id": False,
            "picking_type_id": warehouse.int_type_id.id,
            "location_id": warehouse.lot_stock_id.id,
            "location_dest_id": point.location_id.id,
            "company_id": self.company_id.id,
            "origin": self.groupbuy_campaign_id.code or point.code,
            "scheduled_date": self.scheduled_date or fields.Datetime.now(),
        }

    def _groupbuy_bring(self, moves):
        """Let this transfer bring the goods of these hand-over moves as well."""
        self.ensure_one()
        own = self.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        own = own.grouped("product_id")
        added = self.env["stock.move"]
        for product, handed in moves.grouped("product_id").items():
            pieces = sum(handed.mapped("product_qty"))
            if product in own:
                move = own[product][:1]
                move.write(
                    {
                        "product_uom_qty": move.product_uom_qty + pieces,
                        "move_dest_ids": [Command.link(id_) for id_ in handed.ids],
                    }
                )
                added |= move
            else:
                added |= added.create(
                    {
                        "picking_id": self.id,
                        "picking_type_id": self.picking_type_id.id,
                        "location_id": self.location_id.id,
                        "location_dest_id": self.location_dest_id.id,
                        "company_id": self.company_id.id,
                        "origin": self.origin,
                        "date": self.scheduled_date,
                        "product_id": product.id,
                        "product_uom": product.uom_id.id,
                        "product_uom_qty": pieces,
                        "move_dest_ids": [Command.set(handed.ids)],
                        "propagate_cancel": False,
                    }
                )
        added.filtered(lambda move: move.state == "draft")._action_confirm(merge=False)
        added._action_assign()
