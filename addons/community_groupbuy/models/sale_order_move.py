from odoo import models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    """Collecting at another point than first chosen, until the goods leave."""

    _inherit = "sale.order"

    def action_groupbuy_move_point(self, point_id):
        """Have this order collected at another pickup point.

        The goods of both legs follow, and the resident is told. The same point again
        changes nothing.

        :param int point_id: a `groupbuy.pickup.point` id
        :raise UserError: the order is not the user's, its goods have left or are being
            planned, or the point does not take it
        """
        self.ensure_one()
        order_sudo = self._check_groupbuy_access()
        point_sudo = order_sudo._groupbuy_check_new_point(point_id)
        if point_sudo == order_sudo.pickup_point_id:
            return
        if reason := order_sudo._groupbuy_get_fixed_reason():
            raise UserError(reason)
        if not order_sudo.try_lock_for_update():
            raise UserError(
                self.env._("This order is being processed. Please try again.")
            )
        day = order_sudo._groupbuy_get_pickup_day()
        if point_sudo.resting or point_sudo.capacity:
            # The place is taken by this transaction, counted by one that sees more.
            point_sudo._lock(self.env.cr)
            with self.env["groupbuy.hold"].sudo()._own_transaction() as cr:
                point_sudo._check_not_resting(day)
                if point_sudo.capacity:
                    point_sudo._check_not_full(day, cr)
        order_sudo._groupbuy_move_to(point_sudo)

    def _groupbuy_get_movable_points(self):
        """:return: where this order may be collected instead: (points, {point: reason}
        of those that are "resting" or "full"); no points once it is too late
        """
        self.ensure_one()
        if self._groupbuy_get_fixed_reason():
            return self.env["groupbuy.pickup.point"], {}
        points = self._groupbuy_get_allowed_points() - self.pickup_point_id
        return points, points._get_closed(self._groupbuy_get_pickup_day())

    def _groupbuy_get_allowed_points(self):
        if self.groupbuy_campaign_id:
            return self.groupbuy_campaign_id._get_pickup_points()
        point_model = self.env["groupbuy.pickup.point"]
        return point_model.search(point_model._get_domain_of(self.company_id))

    def _groupbuy_check_new_point(self, point_id):
        points = self._groupbuy_get_allowed_points()
        if (
            isinstance(point_id, bool)
            or not isinstance(point_id, int)
            or point_id not in points.ids
        ):
            raise UserError(
                self.env._("This order cannot be collected at that pickup point.")
            )
        return points.browse(point_id)

    def _groupbuy_get_fixed_reason(self):
        """:return: why this order cannot be collected elsewhere, "" if it can"""
        self.ensure_one()
        if not self.pickup_point_id or self.groupbuy_status not in (
            "to_pay",
            "waiting",
            "to_ship",
        ):
            left = self.groupbuy_status in ("shipped", "ready", "received")
            if self.pickup_point_id and left:
                return self.env._("The goods have left the warehouse already.")
            return self.env._("This order is not collected at a pickup point.")
        if self.groupbuy_campaign_id.state == "closing":
            return self.env._(
                "The group buy is just closing. Please try again in a few minutes."
            )
        pickings = self._groupbuy_get_handovers()
        if set(pickings.mapped("groupbuy_stage")) - {"warehouse"} or set(
            pickings.move_ids.move_orig_ids.mapped("state")
        ) & {"done"}:
            return self.env._("The goods have left the warehouse already.")
        return ""

    def _groupbuy_get_handovers(self):
        return self.picking_ids.filtered(
            lambda picking: (
                picking.groupbuy_kind == "handover" and picking.state != "cancel"
            )
        )

    def _groupbuy_move_to(self, point):
        """Let goods, holds and order follow to a point that takes the order."""
        self.ensure_one()
        before = self.pickup_point_id
        handovers = self._groupbuy_get_handovers()
        moves = handovers.move_ids.filtered(lambda move: move.state != "cancel")
        moves._groupbuy_detach()
        # Prices and taxes stay as they were shown.
        with self.env.protecting([self._fields["fiscal_position_id"]], self):
            self.with_context(update_delivery_shipping_partner=True).write(
                {
                    "pickup_point_id": point.id,
                    "partner_shipping_id": point.partner_id.id,
                    # Unique at a point only; a new one is given on arrival.
                    "groupbuy_pickup_code": False,
                }
            )
        if self.groupbuy_key:
            self._get_groupbuy_holds().pickup_point_id = point
        if handovers:
            handovers.write(
                {
                    "pickup_point_id": point.id,
                    "location_id": point.location_id.id,
                    "partner_id": self.partner_id.id,
                }
            )
            moves.write({"location_id": point.location_id.id})
            moves._groupbuy_attach()
        self.message_post(
            body=self.env._(
                "To be collected at %(after)s instead of %(before)s.",
                before=before.name,
                after=point.name,
            )
        )
        if self.state in ("sent", "sale"):
            self._groupbuy_notify("community_groupbuy.mail_template_point_moved")
