from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

UNDO_TIME = timedelta(minutes=10)


class GroupbuyHandover(models.Model):
    """Who handed over an order, when and how; kept also when it was undone."""

    _name = "groupbuy.handover"
    _description = "Group-buy Hand-over"
    _order = "date desc, id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one(
        "sale.order", required=True, index=True, readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="order_id.partner_id", string="Resident")
    point_id = fields.Many2one(
        "groupbuy.pickup.point",
        string="Pickup Point",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="point_id.company_id")
    picking_ids = fields.Many2many("stock.picking", string="Deliveries", readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Handed Over By", required=True, readonly=True
    )
    date = fields.Datetime(required=True, readonly=True)
    method = fields.Selection(
        [("code", "Pickup Code"), ("qr", "QR Code"), ("list", "From the List")],
        string="Recognised By",
        required=True,
        readonly=True,
    )
    signature = fields.Image(readonly=True, max_width=1024, max_height=1024)
    undone_at = fields.Datetime(readonly=True)
    undone_by_id = fields.Many2one("res.users", readonly=True)
    return_picking_id = fields.Many2one(
        "stock.picking", string="Taken Back By", readonly=True
    )
    undo_until = fields.Datetime(compute="_compute_undo_until")
    can_undo = fields.Boolean(compute="_compute_undo_until")

    _point_date_index = models.Index("(point_id, date DESC)")

    @api.depends("date", "undone_at")
    def _compute_undo_until(self):
        now = fields.Datetime.now()
        for handover in self:
            handover.undo_until = handover.date and handover.date + UNDO_TIME
            handover.can_undo = (
                not handover.undone_at
                and handover.undo_until
                and handover.undo_until > now
            )

    @api.model
    def _log(self, orders, methods, signature=None):
        """Note that these orders have just been handed over.

        :param dict methods: {order: "code", "qr" or "list"}
        :param signature: base64 of a picture, also as a data URL
        """
        now = fields.Datetime.now()
        # The desk's own record: nobody writes it by hand.
        return self.sudo().create(
            [
                {
                    "order_id": order.id,
                    "point_id": order.pickup_point_id.id,
                    "picking_ids": [
                        Command.set(
                            order.picking_ids.filtered(
                                lambda picking: (
                                    picking.groupbuy_kind == "handover"
                                    and picking.state == "done"
                                    and not picking.groupbuy_handover_ids
                                )
                            ).ids
                        )
                    ],
                    "user_id": self.env.uid,
                    "date": now,
                    "method": methods[order],
                    "signature": (signature or "").rpartition(",")[2] or False,
                }
                for order in orders
            ]
        )

    def _prepare_undo(self):
        """:return: {"handover_id", "undo_until" (UTC), "undo_seconds" (left)}, nothing
        once this cannot be undone"""
        if not self.can_undo:
            return {}
        left = self.undo_until - fields.Datetime.now()
        return {
            "handover_id": self.id,
            "undo_seconds": max(int(left.total_seconds()), 0),
            "undo_until": fields.Datetime.to_string(self.undo_until),
        }

    # === UNDO === #

    def undo(self):
        """Take back goods that were handed over in error, within ten minutes.

        The goods are booked back to the point and wait there for their resident again.

        :raise UserError: too late, undone already, the resident has an after-sales
            request or has brought something back, or the user does not run the point
        """
        handovers_sudo = self._check_undo()
        orders_sudo = handovers_sudo.order_id
        pickings_sudo = handovers_sudo.picking_ids.with_context(tracking_disable=True)
        returns_sudo = pickings_sudo._groupbuy_take_back()
        orders_sudo.groupbuy_received_at = False
        by_order = returns_sudo.grouped("sale_id")
        for handover_sudo in handovers_sudo:
            handover_sudo.write(
                {
                    "undone_at": fields.Datetime.now(),
                    "undone_by_id": self.env.uid,
                    "return_picking_id": by_order[handover_sudo.order_id][:1].id,
                }
            )
        return True

    def _check_undo(self):
        """:return: these hand-overs, sudoed and locked, once they may be undone"""
        # Who runs the point needs no rights on orders and goods.
        handovers_sudo = self.sudo().exists()
        user = self.env.user
        if not handovers_sudo or handovers_sudo != self.sudo():
            raise UserError(self.env._("There is no such hand-over."))
        if not all(point._can_be_run_by(user) for point in handovers_sudo.point_id):
            raise AccessError(self.env._("This is not a pickup point that you run."))
        orders_sudo = handovers_sudo.order_id
        if orders_sudo.try_lock_for_update(allow_referencing=True) != orders_sudo:
            raise UserError(
                self.env._("Somebody else is working on this order. Please try again.")
            )
        if handovers_sudo.filtered("undone_at"):
            raise UserError(self.env._("This hand-over has been undone already."))
        if not all(handovers_sudo.mapped("can_undo")):
            raise UserError(
                self.env._(
                    "A hand-over can be undone for %s minutes. Open an after-sales "
                    "request instead.",
                    int(UNDO_TIME.total_seconds() // 60),
                )
            )
        claims = orders_sudo.groupbuy_claim_ids
        if claims.filtered(lambda claim: claim.state not in ("rejected", "cancelled")):
            raise UserError(
                self.env._("The resident has an after-sales request about this order.")
            )
        returned = handovers_sudo.picking_ids.move_ids.returned_move_ids
        if returned.filtered(lambda move: move.state != "cancel"):
            raise UserError(self.env._("Goods of this order have come back already."))
        return handovers_sudo
