from odoo import fields, models


class StockPicking(models.Model):
    """What residents bring back settles their requests, whoever validates it."""

    _inherit = "stock.picking"

    groupbuy_claim_id = fields.Many2one(
        "groupbuy.claim",
        string="After-sales Request",
        index="btree_not_null",
        readonly=True,
    )

    def _groupbuy_get_claim_moves(self):
        """:return: the moves of goods that are yet to come back"""
        # Storekeepers need no rights on requests.
        moves_sudo = self.sudo().move_ids
        return moves_sudo.filtered(
            lambda move: (
                move.groupbuy_claim_line_id and move.state not in ("done", "cancel")
            )
        )

    def _action_done(self):
        """Override of `stock` to refund what has come back."""
        moves_sudo = self._groupbuy_get_claim_moves()
        result = super()._action_done()
        done_sudo = moves_sudo.filtered(lambda move: move.state == "done")
        done_sudo.groupbuy_claim_line_id._settle(done_sudo)
        return result

    def action_cancel(self):
        """Override of `stock`: what does not come back is not refunded."""
        moves_sudo = self._groupbuy_get_claim_moves()
        result = super().action_cancel()
        moves_sudo.groupbuy_claim_line_id._end()
        return result

    def _groupbuy_bring_back(self):
        """Book everything that is to come back as having come."""
        moves = self.move_ids.filtered(
            lambda move: move.state not in ("done", "cancel")
        )
        for move in moves:
            move.quantity = move.product_uom_qty
        moves.picked = True
        self._action_done()
