from odoo import fields, models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    """An order at the desk of its pickup point: refused, or received."""

    _inherit = "sale.order"

    groupbuy_handover_ids = fields.One2many(
        "groupbuy.handover", "order_id", string="Hand-overs"
    )

    def _groupbuy_get_handover_pickings(self):
        """:return: the hand-overs of these orders whose goods wait at the point"""
        return self.picking_ids.filtered(
            lambda picking: (
                picking.groupbuy_kind == "handover"
                and picking.groupbuy_stage == "point"
                and picking.state not in ("done", "cancel")
            )
        )

    def _groupbuy_get_handover_refusal(self):
        """:return: (reason, text) why this order cannot be handed over now, or None"""
        self.ensure_one()
        if self.state == "cancel" or self.groupbuy_status == "refunded":
            return "cancelled", self.env._("This order was cancelled or refunded.")
        if self.groupbuy_received_at:
            return "collected", self.env._(
                "This order was already collected: %s.",
                self.company_id._format_groupbuy_date(
                    self.groupbuy_received_at, "short"
                ),
            )
        if not self._groupbuy_get_handover_pickings():
            return "not_arrived", self.env._("These goods have not arrived yet.")
        if self._groupbuy_is_being_refunded():
            return "refund", self.env._(
                "A refund of this order is pending. Do not hand it over."
            )
        return None

    def _groupbuy_is_being_refunded(self):
        """Whether money that these goods cost is being given back, or was."""
        self.ensure_one()
        balance = self._groupbuy_get_balances()[self]
        return bool(self._groupbuy_get_refunds()) and (
            self.currency_id.compare_amounts(balance, self.amount_total) < 0
        )

    def _groupbuy_hand_over(self):
        """Book the goods of these orders to their residents.

        :return: {order: (reason, text)} of those for which it is not possible
        """
        refusals = self._groupbuy_reserve_handovers()
        orders = self.filtered(lambda order: order not in refusals)
        failed = orders._groupbuy_call_each("_groupbuy_book_handovers")
        for order, error in failed.items():
            if isinstance(error, UserError):
                text = str(error)
            else:
                text = self.env._("This order cannot be booked. Ask the operators.")
            refusals[order] = ("missing", text)
        return refusals

    def _groupbuy_reserve_handovers(self):
        """:return: {order: (reason, text)} of those whose goods are not all there"""
        moves = self._groupbuy_get_handover_pickings().move_ids.filtered(
            lambda move: move.state not in ("done", "cancel")
        )
        moves.filtered(lambda move: move.state != "assigned")._action_assign()
        short = moves.filtered(lambda move: move.state != "assigned")
        return {
            order: (
                "missing",
                self.env._(
                    "By the books not all of it is here: %s.",
                    ", ".join(own.product_id.mapped("name")),
                ),
            )
            for order, own in short.grouped(lambda m: m.picking_id.sale_id).items()
        }

    def _groupbuy_book_handovers(self):
        # What happens is told by the hand-over's own record.
        pickings = self._groupbuy_get_handover_pickings().with_context(
            tracking_disable=True
        )
        pickings.move_ids.picked = True
        pickings._action_done()

    def _groupbuy_mark_received(self):
        """Note when everything of these orders was handed over."""
        for order in self:
            pickings = order.picking_ids.filtered(
                lambda picking: (
                    picking.groupbuy_kind in ("handover", "door")
                    and picking.state != "cancel"
                    and not any(picking.groupbuy_handover_ids.mapped("undone_at"))
                )
            )
            # A delivery to the door is received when the resident says so.
            if (
                not order.groupbuy_received_at
                and set(pickings.mapped("groupbuy_kind")) == {"handover"}
                and set(pickings.mapped("state")) == {"done"}
            ):
                order.groupbuy_received_at = fields.Datetime.now()
