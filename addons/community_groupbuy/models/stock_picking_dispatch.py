from odoo import models
from odoo.fields import Command


class StockPicking(models.Model):
    """Goods leave the warehouse when their transfer, or its batch, is validated.

    What was not found goes later, with a backorder; without one it is not sent at all.
    Either way those who joined first get theirs first.
    """

    _inherit = "stock.picking"

    def _action_done(self):
        """Override of `stock`: a transfer that is validated has left for its point."""
        leaving = self.filtered(
            lambda picking: (
                picking.groupbuy_kind == "transfer"
                and picking.groupbuy_stage == "warehouse"
            )
        )
        plan = leaving._groupbuy_get_plan()
        result = super()._action_done()
        leaving._groupbuy_depart(plan)
        return result

    def action_cancel(self):
        """Override of `stock`: a transfer that is cancelled is not sent."""
        staying = self.filtered(
            lambda picking: (
                picking.groupbuy_kind == "transfer"
                and picking.groupbuy_stage == "warehouse"
                and picking.state not in ("done", "cancel")
            )
        )
        plan = staying._groupbuy_get_plan()
        result = super().action_cancel()
        staying._groupbuy_depart(plan)
        return result

    def button_validate(self):
        """Override of `stock_picking_batch`: what stays behind waits in a batch."""
        result = super().button_validate()
        detached = self.browse(self.env.context.get("pickings_to_detach", []))
        (self | self.backorder_ids | detached).filtered(
            lambda picking: picking.groupbuy_kind == "transfer" and not picking.batch_id
        )._groupbuy_put_in_batches()
        return result

    def _groupbuy_get_plan(self):
        """:return: {open move: hand-over moves that it feeds, first joined first}"""
        moves = self.move_ids.filtered(lambda move: move._groupbuy_is_open())
        moves.move_dest_ids.sale_line_id.fetch(["order_id"])
        return {
            move: move.move_dest_ids.filtered(
                lambda fed: fed._groupbuy_is_open()
            )._groupbuy_sorted()
            for move in moves
        }

    def _groupbuy_depart(self, plan):
        """Follow up transfers that have left, or that will not be sent.

        :param plan: as of `_groupbuy_get_plan`, from before
        """
        missing = {}
        for move, fed in plan.items():
            if not move._groupbuy_is_open():
                missing.update(self._groupbuy_allot(move, fed))
        self.filtered(lambda picking: picking.state == "done").groupbuy_stage = "way"
        fed = self.env["stock.move"].union(*plan.values())
        changed = fed.picking_id
        if missing:
            # The warehouse decides what it sends; orders and money follow from that.
            self.sudo()._groupbuy_report_unsent(plan, missing)
        changed = changed._groupbuy_follow_transfers()
        orders = changed.filtered(
            lambda picking: picking.groupbuy_stage == "way"
        ).sale_id
        orders.sudo()._groupbuy_notify("community_groupbuy.mail_template_shipped")

    def _groupbuy_allot(self, move, fed):
        """Tie what has left to those who get it; the rest goes with the backorder.

        :return: {hand-over move: pieces that are never sent}
        """
        unit = move.product_id.uom_id
        left = 0.0
        if move.state == "done":
            left = move.product_uom._compute_quantity(move.quantity, unit)
        if unit.compare(left, sum(fed.mapped("product_qty"))) >= 0:
            return {}
        later = move.picking_id.backorder_ids.move_ids.filtered(
            lambda own: own.product_id == move.product_id and own.move_dest_ids & fed
        )
        covered, waiting, missing = fed.browse(), fed.browse(), {}
        for dest in fed:
            taken = min(dest.product_qty, left)
            lacks = dest.product_qty - taken
            left -= taken
            if not unit.is_zero(taken):
                covered |= dest
            if unit.is_zero(lacks):
                continue
            if not later:
                missing[dest] = lacks
            elif unit.is_zero(taken):
                waiting |= dest
            else:
                waiting |= dest._groupbuy_split(lacks)
        if move.state == "done":
            move.move_dest_ids = covered
        later.move_dest_ids = waiting
        return missing

    def _groupbuy_report_unsent(self, plan, missing):
        """Write down what is not sent, and take it off the orders."""
        by_source = {}
        for move, fed in plan.items():
            pieces = {dest: missing[dest] for dest in fed if dest in missing}
            if pieces:
                key = (move.picking_id, move.product_id)
                by_source.setdefault(key, {}).update(pieces)
        issues = self.env["groupbuy.arrival.issue"].create(
            [
                {
                    "picking_id": transfer.id,
                    "product_id": product.id,
                    "kind": "not_sent",
                    "quantity": sum(pieces.values()),
                    "line_ids": self._groupbuy_prepare_issue_lines(pieces),
                }
                for (transfer, product), pieces in by_source.items()
            ]
        )
        issues._take_off(missing)

    def _groupbuy_prepare_issue_lines(self, pieces, substituted=None):
        """:param pieces: {hand-over move: pieces lost}
        :param substituted: {hand-over move: pieces of these that are substituted}
        """
        return [
            Command.create(
                {
                    "sale_line_id": move.sale_line_id.id,
                    "quantity": quantity,
                    "substituted_quantity": (substituted or {}).get(move, 0.0),
                }
            )
            for move, quantity in pieces.items()
        ]

    def _groupbuy_follow_transfers(self):
        """Bring hand-overs to where the last of their goods is.

        :return: those that have moved
        """
        rank = [stage for stage, _label in self._fields["groupbuy_stage"].selection]
        by_stage = {}
        # Read for all of them at once.
        self.move_ids.fetch(["state", "move_orig_ids"])
        for picking in self:
            if picking.state in ("done", "cancel"):
                continue
            sources = picking.move_ids.filtered(
                lambda move: move._groupbuy_is_open()
            ).move_orig_ids.filtered(lambda move: move.state != "cancel")
            stages = sources.picking_id.filtered(
                lambda source: source.groupbuy_kind == "transfer"
            ).mapped("groupbuy_stage")
            stage = min(stages, key=rank.index, default=picking.groupbuy_stage)
            if stage != picking.groupbuy_stage:
                by_stage[stage] = by_stage.get(stage, self.browse()) | picking
        for stage, pickings in by_stage.items():
            # The transfers' own notes tell it, not each of their hand-overs.
            pickings.with_context(tracking_disable=True).groupbuy_stage = stage
        return self.union(*by_stage.values())
