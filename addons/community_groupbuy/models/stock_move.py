from odoo import models


class StockMove(models.Model):
    """The goods of one order line on their way to a resident."""

    _inherit = "stock.move"

    def _action_assign(self, force_qty=False):
        """Override of `stock`: goods are set aside for residents at their point only.

        On the way nobody can take them, and what turns out short or damaged has not
        been promised to anybody yet.
        """
        waiting = self.filtered(
            lambda move: (
                move.picking_id.groupbuy_kind == "handover"
                and move.picking_id.groupbuy_stage != "point"
            )
        )
        return super(StockMove, self - waiting)._action_assign(force_qty=force_qty)

    def _groupbuy_sorted(self, last_first=False):
        """:return: these moves by the order of joining"""
        return self.sorted(
            lambda move: (move.sale_line_id.order_id.id, move.id), reverse=last_first
        )

    def _groupbuy_is_open(self):
        self.ensure_one()
        return self.state not in ("done", "cancel")

    def _groupbuy_split(self, quantity):
        """Take `quantity` (in the product's unit) out of an open hand-over move.

        :return: the new move, of the same order line in the same hand-over
        """
        self.ensure_one()
        rest = self.create(self._split(quantity))
        rest._action_confirm(merge=False)
        return rest

    def _groupbuy_withdraw(self, quantities):
        """Take pieces that will not be handed over off their hand-overs.

        :param quantities: {open hand-over move: pieces in the product's unit}
        :return: {order line: pieces in the line's unit}
        """
        by_line = {}
        gone = self.browse()
        for move, quantity in quantities.items():
            unit = move.product_id.uom_id
            line = move.sale_line_id
            by_line[line] = by_line.get(line, 0.0) + unit._compute_quantity(
                quantity, line.product_uom_id
            )
            left = move.product_qty - quantity
            if unit.compare(left, 0) <= 0:
                gone |= move
            else:
                move.product_uom_qty = unit._compute_quantity(left, move.product_uom)
        gone._action_cancel()
        return by_line
