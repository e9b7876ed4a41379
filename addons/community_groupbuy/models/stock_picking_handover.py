from odoo import fields, models
from odoo.fields import Command


class StockPicking(models.Model):
    """An order is received with the last of its goods, whoever validates it."""

    _inherit = "stock.picking"

    groupbuy_handover_ids = fields.Many2many("groupbuy.handover", readonly=True)

    def _action_done(self):
        """Override of `stock` to note who has received everything."""
        result = super()._action_done()
        self._groupbuy_get_handed_orders()._groupbuy_mark_received()
        return result

    def _send_confirmation_email(self):
        """Override of `stock`: whoever collects is not told so by mail or SMS."""
        others = self.filtered(lambda picking: picking.groupbuy_kind != "handover")
        return super(StockPicking, others)._send_confirmation_email()

    def _groupbuy_get_handed_orders(self):
        # Storekeepers need no rights on orders; it follows from their goods.
        handovers_sudo = self.sudo().filtered(
            lambda picking: picking.groupbuy_kind == "handover"
        )
        return handovers_sudo.sale_id

    # === UNDO === #

    def _groupbuy_take_back(self):
        """Book what was handed over back to the point, to be handed over again.

        :return: the receipts from the residents
        """
        receipts = self.create([picking._prepare_take_back() for picking in self])
        receipts.move_ids._action_confirm(merge=False)
        receipts._action_done()
        self._groupbuy_hand_over_again(receipts)
        return receipts

    def _prepare_take_back(self):
        self.ensure_one()
        common = {
            "picking_type_id": self.picking_type_id.warehouse_id.in_type_id.id,
            "location_id": self.location_dest_id.id,
            "location_dest_id": self.location_id.id,
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "origin": self.name,
        }
        return {
            **common,
            "groupbuy_kind": "takeback",
            "groupbuy_campaign_id": self.groupbuy_campaign_id.id,
            "pickup_point_id": self.pickup_point_id.id,
            "return_id": self.id,
            "move_ids": [
                Command.create(
                    {
                        **common,
                        "product_id": move.product_id.id,
                        "product_uom": move.product_uom.id,
                        "product_uom_qty": move.quantity,
                        "sale_line_id": move.sale_line_id.id,
                        "origin_returned_move_id": move.id,
                        # The pieces count as not delivered.
                        "to_refund": True,
                        "picked": True,
                        "move_line_ids": [
                            Command.create(
                                {
                                    "product_id": line.product_id.id,
                                    "product_uom_id": line.product_uom_id.id,
                                    "quantity": line.quantity,
                                    "picked": True,
                                    "lot_id": line.lot_id.id,
                                    "owner_id": line.owner_id.id,
                                    "location_id": line.location_dest_id.id,
                                    "location_dest_id": line.location_id.id,
                                    "company_id": line.company_id.id,
                                }
                            )
                            for line in move.move_line_ids
                        ],
                    }
                )
                for move in self.move_ids
                if move.state == "done"
            ],
        }

    def _groupbuy_hand_over_again(self, receipts):
        """Write new hand-overs of what has just come back, and reserve it."""
        again = self.create(
            [
                picking._prepare_hand_over_again(receipt)
                for picking, receipt in zip(self, receipts, strict=True)
            ]
        )
        again.move_ids._action_confirm(merge=False)
        again.move_ids._action_assign()
        return again

    def _prepare_hand_over_again(self, receipt):
        common = {
            "picking_type_id": self.picking_type_id.id,
            "location_id": self.location_id.id,
            "location_dest_id": self.location_dest_id.id,
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "origin": self.origin,
        }
        return {
            **common,
            "groupbuy_kind": "handover",
            "groupbuy_stage": "point",
            "groupbuy_campaign_id": self.groupbuy_campaign_id.id,
            "pickup_point_id": self.pickup_point_id.id,
            "scheduled_date": self.scheduled_date,
            "move_ids": [
                Command.create(
                    {
                        **common,
                        "product_id": move.product_id.id,
                        "product_uom": move.product_uom.id,
                        "product_uom_qty": move.quantity,
                        "sale_line_id": move.sale_line_id.id,
                        "move_orig_ids": [Command.set(move.ids)],
                    }
                )
                for move in receipt.move_ids
            ],
        }


class StockMove(models.Model):
    _inherit = "stock.move"

    def _skip_push(self):
        """Override of `stock`: what was collected goes nowhere else."""
        return self.picking_id.groupbuy_kind == "handover" or super()._skip_push()

    def _action_cancel(self):
        """Override of `stock`: who got the rest before has received everything."""
        result = super()._action_cancel()
        self.picking_id._groupbuy_get_handed_orders()._groupbuy_mark_received()
        return result
