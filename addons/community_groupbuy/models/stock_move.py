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

    def _groupbuy_reserve(self):
        """Set the goods of these hand-over moves aside, all at once.

        Odoo reserves move by move, and looks through all others for each. Where lots,
        owners or packages have a say, or goods are not there, it still does.
        """
        lines = self.move_orig_ids.move_line_ids
        special = lines.filtered(
            lambda line: line.lot_id or line.owner_id or line.result_package_id
        ).move_id
        plain = self.filtered(
            lambda move: (
                move._groupbuy_is_open()
                and not move.move_line_ids
                and move.product_id.tracking == "none"
                and not move.move_orig_ids & special
            )
        )
        quant_model = self.env["stock.quant"]
        vals_list, reserved = [], self.browse()
        groups = plain.grouped(lambda move: (move.product_id, move.location_id))
        for (product, location), moves in groups.items():
            left = quant_model._get_available_quantity(product, location, strict=True)
            for move in moves._groupbuy_sorted():
                if product.uom_id.compare(move.product_qty, left) <= 0:
                    left -= move.product_qty
                    reserved |= move
                    vals_list.append(move._prepare_move_line_vals(move.product_qty))
        quants = quant_model._get_quants_by_products_locations(
            reserved.product_id, reserved.location_id
        )
        self.env["stock.move.line"].with_context(quants_cache=quants).create(vals_list)
        (self - reserved)._action_assign()

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
