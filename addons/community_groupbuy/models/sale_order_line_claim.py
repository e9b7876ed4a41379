from odoo import fields, models


class SaleOrderLine(models.Model):
    """What of a line can be complained about."""

    _inherit = "sale.order.line"

    groupbuy_claim_line_ids = fields.One2many("groupbuy.claim.line", "sale_line_id")

    def _get_claimable(self):
        """:return: {order line: pieces received, less those in open requests}"""
        groups = self.env["groupbuy.claim.line"]._read_group(
            [("sale_line_id", "in", self.ids)],
            ["sale_line_id"],
            ["open_quantity:sum"],
        )
        claimed = {line.id: pieces for line, pieces in groups}
        return {
            line: line.product_uom_id.round(
                line.qty_delivered - claimed.get(line.id, 0.0)
            )
            for line in self
            if line._is_groupbuy_goods()
        }

    def _get_handed_moves(self):
        """:return: the deliveries that brought these goods, latest first"""
        return self.move_ids.filtered(
            lambda move: (
                move.state == "done"
                and move.location_dest_id.usage == "customer"
                and move.product_id == move.sale_line_id.product_id
            )
        ).sorted("id", reverse=True)
