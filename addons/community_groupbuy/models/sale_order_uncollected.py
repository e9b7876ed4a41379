from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

# The last day begins so long before the end, but not just after the goods have come.
LAST_DAY = timedelta(hours=24)
REST = timedelta(hours=3)


class SaleOrder(models.Model):
    """Goods that nobody collects: a reminder, then back to the warehouse."""

    _inherit = "sale.order"

    groupbuy_collect_until = fields.Datetime(
        string="Collect Until",
        compute="_compute_groupbuy_collect_until",
        store=True,
        precompute=True,
        help="Of the group buy; without a date, or if the goods came later than that, "
        "as many days after they came as the settings say.",
    )
    groupbuy_late = fields.Boolean(
        string="Not Collected in Time", compute="_compute_groupbuy_late"
    )
    groupbuy_reminded_for = fields.Datetime(
        copy=False, readonly=True, help="The last day of which the resident was told."
    )
    groupbuy_returned_at = fields.Datetime(
        string="Back in the Warehouse",
        copy=False,
        readonly=True,
        help="When the goods that nobody had collected were sent back.",
    )

    @api.depends("groupbuy_ready_at", "groupbuy_campaign_id.pickup_deadline")
    def _compute_groupbuy_collect_until(self):
        for order in self:
            ready = order.groupbuy_ready_at
            until = order.groupbuy_campaign_id.pickup_deadline
            if ready and not (until and until > ready):
                until = ready + timedelta(days=order.company_id.groupbuy_collect_days)
            order.groupbuy_collect_until = ready and until

    @api.depends("groupbuy_status", "groupbuy_collect_until")
    def _compute_groupbuy_late(self):
        now = fields.Datetime.now()
        for order in self:
            order.groupbuy_late = (
                order.groupbuy_status == "ready"
                and order.groupbuy_collect_until
                and order.groupbuy_collect_until < now
            )

    # === REMIND === #

    @api.model
    def _groupbuy_remind_last_day(self):
        """Tell whose last day to collect has come, once.

        :return: the orders whose residents were told
        """
        now = fields.Datetime.now()
        orders = self.search(
            [
                ("groupbuy_status", "=", "ready"),
                ("groupbuy_collect_until", ">", now),
                ("groupbuy_collect_until", "<=", now + LAST_DAY),
                ("groupbuy_ready_at", "<=", now - REST),
            ]
        ).filtered(
            lambda order: order.groupbuy_reminded_for != order.groupbuy_collect_until
        )
        for until, own in orders.grouped("groupbuy_collect_until").items():
            own.groupbuy_reminded_for = until
        orders._groupbuy_notify("community_groupbuy.mail_template_last_day")
        return orders

    # === RETURN === #

    def action_groupbuy_return(self):
        """Send uncollected goods back to the warehouse, one transfer per point.

        By the company's rule the residents get their money back, or the goods are kept
        for them in the warehouse.

        :raise UserError: an order can still be collected, or is being handed over
        """
        orders_sudo = self._groupbuy_check_uncollected()
        pickings_sudo = orders_sudo._groupbuy_get_handover_pickings()
        moves_sudo = pickings_sudo.move_ids.filtered(
            lambda move: move.state not in ("done", "cancel")
        )
        quantities = {move: move.product_uom_qty for move in moves_sudo}
        vals_list = [
            own._groupbuy_prepare_return()
            for own in moves_sudo.grouped(
                lambda move: (
                    move.location_id,
                    move.sale_line_id.order_id.warehouse_id,
                )
            ).values()
        ]
        orders_sudo.write({"groupbuy_returned_at": fields.Datetime.now()})
        refunded = orders_sudo.filtered(
            lambda order: order.company_id.groupbuy_uncollected_rule == "refund"
        )
        refunded._groupbuy_give_up(quantities)
        (orders_sudo - refunded)._groupbuy_keep()
        # Only now nobody has the goods reserved any more.
        returns_sudo = self.env["stock.picking"].sudo().create(vals_list)
        returns_sudo.action_confirm()
        returns_sudo.action_assign()
        return True

    def _groupbuy_check_uncollected(self):
        """:return: these orders, sudoed and locked, if nobody collects them any more"""
        self._groupbuy_check_operator()
        # Operators need no rights on stock moves and invoices.
        orders_sudo = self.sudo().exists()
        if orders_sudo.try_lock_for_update(allow_referencing=True) != orders_sudo:
            raise UserError(
                self.env._(
                    "Somebody is working on one of these orders. Please try again."
                )
            )
        now = fields.Datetime.now()
        for order_sudo in orders_sudo:
            if order_sudo.groupbuy_status != "ready":
                raise UserError(
                    self.env._("%s does not wait to be collected.", order_sudo.name)
                )
            if order_sudo.groupbuy_collect_until > now:
                raise UserError(
                    self.env._("%s can still be collected.", order_sudo.name)
                )
        return orders_sudo

    def _groupbuy_check_operator(self):
        if not self.env.su:
            self.env.user._groupbuy_check_operator()
        self.check_access("write")

    def _groupbuy_give_up(self, quantities):
        """Take what nobody collected off these orders; the money goes back.

        :param dict quantities: {hand-over move: pieces in the order line's unit}
        """
        if not self:
            return
        moves = self._groupbuy_get_handover_pickings().move_ids & (
            self.env["stock.move"].sudo().union(*quantities)
        )
        by_line = {}
        for move in moves:
            line = move.sale_line_id
            by_line[line] = by_line.get(line, 0.0) + (
                move.product_uom._compute_quantity(
                    quantities[move], line.product_uom_id
                )
            )
        moves._action_cancel()
        self._groupbuy_take_off(by_line, self.env._("Not collected in time"))

    def _groupbuy_keep(self):
        """Keep the goods of these orders in the warehouse until we hear of them."""
        if not self:
            return
        pickings = self._groupbuy_get_handover_pickings()
        moves = pickings.move_ids.filtered(
            lambda move: move.state not in ("done", "cancel")
        )
        moves._do_unreserve()
        # What brought them once brings them no more: see `action_groupbuy_send_again`.
        moves.write({"move_orig_ids": [Command.clear()]})
        pickings.groupbuy_stage = "warehouse"
        self.write({"groupbuy_ready_at": False})
        self._groupbuy_notify("community_groupbuy.mail_template_kept")
        self._groupbuy_raise_to_operators(
            self.env._("Not collected: ask the resident when to send it again.")
        )

    def action_groupbuy_send_again(self):
        """Bring goods that are kept in the warehouse to their points once more.

        :raise UserError: the goods of an order are not kept in the warehouse
        """
        self._groupbuy_check_operator()
        # As above.
        orders_sudo = self.sudo()
        for order_sudo in orders_sudo:
            if not order_sudo.groupbuy_returned_at or (
                order_sudo.groupbuy_status != "to_ship"
            ):
                raise UserError(
                    self.env._(
                        "The goods of %s are not kept in the warehouse.",
                        order_sudo.name,
                    )
                )
        moves_sudo = orders_sudo.picking_ids.move_ids.filtered(
            lambda move: (
                move.picking_id.groupbuy_kind == "handover"
                and move.state not in ("done", "cancel")
                and not move.move_orig_ids
            )
        )
        moves_sudo._groupbuy_attach()
        orders_sudo.write({"groupbuy_returned_at": False})
        return True


class StockMove(models.Model):
    _inherit = "stock.move"

    def _groupbuy_prepare_return(self):
        """:return: the values of one transfer of these goods, from their point to the
        warehouse that they came from
        """
        order = self[:1].sale_line_id.order_id
        warehouse = order.warehouse_id
        common = {
            "picking_type_id": warehouse.int_type_id.id,
            "location_id": self[:1].location_id.id,
            "location_dest_id": warehouse.lot_stock_id.id,
            "company_id": self[:1].company_id.id,
            "origin": self.env._("Not collected"),
        }
        return {
            **common,
            "groupbuy_kind": "return",
            "pickup_point_id": order.pickup_point_id.id,
            "partner_id": order.pickup_point_id.partner_id.id,
            "user_id": False,
            "move_ids": [
                Command.create(
                    {
                        **common,
                        "product_id": product.id,
                        "product_uom": product.uom_id.id,
                        "product_uom_qty": sum(own.mapped("product_qty")),
                    }
                )
                for product, own in self.grouped("product_id").items()
            ],
        }
