from collections import defaultdict

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class GroupbuyClaimLine(models.Model):
    """Goods that come back from a resident, and the money that then goes back."""

    _inherit = "groupbuy.claim.line"

    def _plan_takeback(self):
        """Write the receipts of the goods that residents bring back.

        :return: the pickings, one per request
        """
        vals_list = [
            lines._prepare_takeback() for lines in self.grouped("claim_id").values()
        ]
        pickings = self.env["stock.picking"].create(vals_list)
        pickings.move_ids._action_confirm(merge=False)
        pickings.move_ids._action_assign()
        return pickings

    def _prepare_takeback(self):
        claim = self.claim_id
        order = claim.order_id
        warehouse = order.warehouse_id
        # Goods that were brought to the door come back to the warehouse.
        point = order.pickup_point_id
        common = {
            "picking_type_id": warehouse.in_type_id.id,
            "location_id": order.partner_id.property_stock_customer.id,
            "location_dest_id": (point.location_id or warehouse.lot_stock_id).id,
            "company_id": order.company_id.id,
            "partner_id": order.partner_id.id,
            "origin": f"{claim.name} {order.name}",
        }
        used = defaultdict(float)
        moves = [vals for line in self for vals in line._prepare_takeback_moves(used)]
        return {
            **common,
            "groupbuy_kind": "takeback",
            "groupbuy_campaign_id": order.groupbuy_campaign_id.id,
            "groupbuy_claim_id": claim.id,
            "pickup_point_id": point.id,
            "move_ids": [Command.create({**common, **vals}) for vals in moves],
        }

    def _prepare_takeback_moves(self, used):
        """:return: the values of moves, one per delivery that the pieces came by

        :param dict used: {delivery: pieces that come back already}, added to
        """
        self.ensure_one()
        left = self.refund_quantity
        vals_list = []
        for move in self.sale_line_id._get_handed_moves():
            back = move.returned_move_ids.filtered(lambda m: m.state != "cancel")
            came = move.product_uom._compute_quantity(
                move.quantity - sum(back.mapped("product_uom_qty")), self.product_uom_id
            )
            pieces = min(came - used[move], left)
            if self.product_uom_id.compare(pieces, 0) <= 0:
                continue
            used[move] += pieces
            vals_list.append(
                {
                    "product_id": move.product_id.id,
                    "product_uom": self.product_uom_id.id,
                    "product_uom_qty": pieces,
                    "sale_line_id": self.sale_line_id.id,
                    "origin_returned_move_id": move.id,
                    "groupbuy_claim_line_id": self.id,
                    # The pieces count as not delivered.
                    "to_refund": True,
                }
            )
            left -= pieces
        if self.product_uom_id.compare(left, 0) > 0:
            raise UserError(
                self.env._(
                    "Of %(product)s, %(quantity)s less was handed over than you "
                    "refund.",
                    product=self.product_id.display_name,
                    quantity=left,
                )
            )
        return vals_list

    def _settle(self, moves):
        """Refund what has just come back.

        :param moves: receipts of these lines, done in this transaction
        """
        came = {
            line: sum(own.mapped("quantity"))
            for line, own in moves.grouped("groupbuy_claim_line_id").items()
        }
        for line, pieces in came.items():
            line.returned_quantity += pieces
        self._end()
        lines = self.browse([line.id for line in came])
        for claim, own in lines.grouped("claim_id").items():
            taken = defaultdict(float)
            for line in own:
                taken[line.sale_line_id] += came[line]
            weights = {line: came[line] * line.sale_line_id.price_unit for line in own}
            with claim._giving_back(weights):
                claim.order_id._groupbuy_take_off(
                    taken, own[:1]._get_refund_reason(), tell=False
                )
            if not self.env.context.get("groupbuy_deciding"):
                claim._tell(own)
        lines._put_away(moves)

    def _end(self):
        """Note of which lines nothing more is to come back."""
        now = fields.Datetime.now()
        for line in self.filtered(lambda line: not line.claim_id.withdrawn_at):
            if not set(line.move_ids.mapped("state")) <= {"done", "cancel"}:
                continue
            line.settled_at = now
            if not line.returned_quantity:
                claim = line.claim_id.with_context(lang=line.partner_id.lang)
                line.decision = "rejected"
                line.answer = claim.env._("The goods did not come back.")
                line.claim_id._tell(line)

    def _put_away(self, moves):
        """Scrap what has come back, or have it brought to the warehouse."""
        scrapped = self.filtered(lambda line: line.goods_to == "scrap")
        scraps = self.env["stock.scrap"].create(
            [
                vals
                for line in scrapped
                for vals in line._prepare_scraps(
                    moves.filtered(lambda m, own=line: m.groupbuy_claim_line_id == own)
                )
            ]
        )
        scraps.do_scrap()
        at_point = (self - scrapped).filtered("pickup_point_id")
        pickings = self.env["stock.picking"].create(
            [
                own._prepare_return(
                    moves.filtered(lambda m, own=own: m.groupbuy_claim_line_id in own)
                )
                for own in at_point.grouped("claim_id").values()
            ]
        )
        pickings.move_ids._action_confirm(merge=False)
        pickings.move_ids._action_assign()

    def _prepare_scraps(self, moves):
        tag = self.env.ref("community_groupbuy.scrap_reason_claim")
        return [
            {
                "product_id": move_line.product_id.id,
                "product_uom_id": move_line.product_uom_id.id,
                "scrap_qty": move_line.quantity,
                "location_id": move_line.location_dest_id.id,
                "lot_id": move_line.lot_id.id,
                "owner_id": move_line.owner_id.id,
                "company_id": self.company_id.id,
                "origin": self.claim_id.name,
                "scrap_reason_tag_ids": tag.ids,
            }
            for move_line in moves.move_line_ids
        ]

    def _prepare_return(self, moves):
        order = self.order_id
        warehouse = order.warehouse_id
        common = {
            "picking_type_id": warehouse.int_type_id.id,
            "location_id": order.pickup_point_id.location_id.id,
            "location_dest_id": warehouse.lot_stock_id.id,
            "company_id": order.company_id.id,
            "origin": self.claim_id.name,
        }
        return {
            **common,
            "groupbuy_kind": "return",
            "groupbuy_campaign_id": order.groupbuy_campaign_id.id,
            "pickup_point_id": order.pickup_point_id.id,
            "move_ids": [
                Command.create(
                    {
                        **common,
                        "product_id": move.product_id.id,
                        "product_uom": move.product_uom.id,
                        "product_uom_qty": move.quantity,
                        "move_orig_ids": [Command.set(move.ids)],
                    }
                )
                for move in moves
            ],
        }
