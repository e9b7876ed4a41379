import logging
from collections import defaultdict

import psycopg2

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


def _raise_if_transient(error):
    """Let Odoo retry what only failed because of somebody else's transaction."""
    if isinstance(error, psycopg2.OperationalError):
        raise error


class SaleOrder(models.Model):
    """Money and goods of a join: paid, cancelled, or closed with its campaign."""

    _inherit = "sale.order"

    # === PAID === #

    def _groupbuy_receive(self):
        """Let a paid join take part, or give its money back.

        Called whenever money of the order has arrived, also twice, also late.
        """
        self.ensure_one()
        if self._can_still_take_part() and self._is_paid_up():
            hold_model_sudo = self.env["groupbuy.hold"].sudo()
            if self._groupbuy_has_points() and hold_model_sudo._settle(self):
                self._groupbuy_take_points()
                self.write({"state": "sent", "groupbuy_cancel_reason": False})
                self._groupbuy_notify("community_groupbuy.mail_template_paid")
                if self.groupbuy_campaign_id.close_when_full:
                    self.env.ref("community_groupbuy.campaign_cron").sudo()._trigger()
            else:
                # Also pieces that are paid, where only the coupon is gone.
                hold_model_sudo._cancel(self)
                self._groupbuy_cancel("late")
                self.groupbuy_cancel_reason = "late"
                self._groupbuy_notify("community_groupbuy.mail_template_late")
        self._groupbuy_refund_surplus()

    def _can_still_take_part(self):
        return self.state == "draft" or (
            self.state == "cancel" and self.groupbuy_cancel_reason == "expired"
        )

    def _is_paid_up(self):
        return (
            self.currency_id.compare_amounts(
                self._groupbuy_get_balances()[self], self.amount_total
            )
            >= 0
        )

    # === CANCELLED === #

    def action_groupbuy_cancel(self):
        """Cancel joins of a campaign that has not closed yet, with a full refund.

        :raise UserError: it is too late, or the order takes part no longer
        """
        orders_sudo = self._check_groupbuy_access()
        if orders_sudo.filtered(lambda order: order.state not in ("draft", "sent")):
            raise UserError(self.env._("This order can no longer be cancelled."))
        hold_model_sudo = self.env["groupbuy.hold"].sudo()
        cancelled = hold_model_sudo._cancel(orders_sudo, ("scheduled", "open"))
        if cancelled != orders_sudo:
            raise UserError(
                self.env._("The group buy is closing: it is too late to cancel.")
            )
        operator = self.env.user._groupbuy_is_operator()
        orders_sudo._groupbuy_cancel("operator" if operator else "resident")

    def _check_groupbuy_access(self):
        """:return: these orders in sudo mode, once the user may decide about them"""
        if self.env.su or self.env.user._groupbuy_is_operator():
            self.check_access("read")
        elif self.sudo().partner_id != self.env.user.partner_id:
            raise UserError(self.env._("You can change your own orders only."))
        # Residents have no write access to orders; these are their own.
        return self.sudo()

    def _action_cancel(self):
        """Override of `sale`: whichever way a join is cancelled, pieces and money go
        back. Once its campaign has closed it is an order like any other."""
        if self.env.context.get("groupbuy_cancelling"):
            return super()._action_cancel()
        joins = self.filtered(
            lambda order: (
                order.groupbuy_campaign_id and order.state in ("draft", "sent")
            )
        )
        if joins:
            joins.action_groupbuy_cancel()
        return super(SaleOrder, self - joins)._action_cancel()

    def _groupbuy_cancel(self, reason):
        """Cancel orders whose pieces are given back, and refund what was paid."""
        orders = self.filtered(lambda order: order.state in ("draft", "sent"))
        if not orders:
            return
        orders.with_context(groupbuy_cancelling=True)._action_cancel()
        orders.groupbuy_cancel_reason = reason
        orders._groupbuy_refund_surplus()

    @api.model
    def _groupbuy_follow_holds(self, limit=500):
        """Cancel the orders whose pieces were given back, also after a crash.

        :return: the orders cancelled
        """
        self.env["groupbuy.hold"].flush_model()
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id, bool_or(hold.state = 'cancelled')
                  FROM sale_order AS o
                  JOIN groupbuy_hold AS hold
                    ON hold.partner_id = o.partner_id AND hold.key = o.groupbuy_key
                 WHERE o.groupbuy_campaign_id IS NOT NULL
                   AND o.state IN ('draft', 'sent')
                   AND hold.state IN ('expired', 'cancelled')
              GROUP BY o.id
              ORDER BY o.id
                 LIMIT %s
                """,
                limit,
            )
        )
        orders = self.browse([order_id for order_id, _cancelled in rows])
        cancelled = self.browse(
            [order_id for order_id, deliberate in rows if deliberate]
        )
        by_operator = cancelled.filtered(
            lambda order: order.groupbuy_campaign_id.state == "cancelled"
        )
        by_operator._groupbuy_cancel("operator")
        (cancelled - by_operator)._groupbuy_cancel("resident")
        expired = orders - cancelled
        # Money that nobody has processed yet may have arrived in time.
        for order in expired.filtered(lambda order: order._groupbuy_get_payments()):
            order._groupbuy_receive()
        expired.filtered(lambda order: order.state == "draft")._groupbuy_cancel(
            "expired"
        )
        return orders

    # === CLOSED === #

    def _groupbuy_close(self):
        """Bring waiting orders of closing campaigns to their end.

        Safe to repeat: an order that has left the waiting state is passed over. The
        orders are processed together; if that fails, one by one, so that one broken
        order stops no other.

        :return: the orders that could not be processed
        """
        orders = self.filtered(lambda order: order.state == "sent")
        failed = orders._groupbuy_call_each("_groupbuy_close_together")
        for order, error in failed.items():
            order.groupbuy_closing_error = str(error)
            order._groupbuy_raise_to_operators(
                self.env._("This order could not be closed: %s", error)
            )
        failed = self.browse(order.id for order in failed)
        (orders - failed)._groupbuy_end_warnings()
        return failed

    def _groupbuy_call_each(self, method):
        """Call a method on these orders together or, if that fails, one by one.

        :return: {order: error} of those where it fails, which are left as they were
        """
        try:
            with self.env.cr.savepoint():
                getattr(self, method)()
            return {}
        except Exception as error:
            _raise_if_transient(error)
            _logger.info("%s of %s orders one by one: %s", method, len(self), error)
            self.env.invalidate_all()
        failed = {}
        for order in self:
            try:
                with self.env.cr.savepoint():
                    getattr(order, method)()
            except Exception as error:
                _raise_if_transient(error)
                _logger.info("%s of order %s fails: %s", method, order.name, error)
                self.env.invalidate_all()
                failed[order] = error
        return failed

    def _groupbuy_call_off(self):
        """Cancel orders of a cancelled campaign, refund and tell the residents."""
        self._groupbuy_cancel("operator")
        self._groupbuy_notify("community_groupbuy.mail_template_failed")

    def _groupbuy_close_together(self):
        outcomes = ("success",)
        succeeded = self.filtered(
            lambda order: any(
                line.groupbuy_offer_id.outcome in outcomes for line in order.order_line
            )
        )
        (self - succeeded)._groupbuy_fail()
        succeeded._groupbuy_succeed()

    def _groupbuy_fail(self):
        self._groupbuy_cancel("failed")
        self._groupbuy_notify("community_groupbuy.mail_template_failed")

    def _groupbuy_succeed(self):
        """Final price, confirmation, deliveries, invoice, refund of the difference."""
        if not self:
            return
        orders = self.with_context(
            groupbuy_closing=True, tracking_disable=True, mail_create_nosubscribe=True
        )
        orders._groupbuy_set_final_prices()
        orders.action_confirm()
        orders._groupbuy_invoice()
        orders._groupbuy_refund_surplus()
        orders.transaction_ids._groupbuy_book()
        self._groupbuy_notify("community_groupbuy.mail_template_succeeded")

    def _groupbuy_set_final_prices(self):
        """Write the final prices; lines whose minimum was missed get no pieces."""
        before = {order: order._groupbuy_get_goods_totals() for order in self}
        lines = self.order_line.filtered("groupbuy_offer_id")
        missed = lines.filtered(
            lambda line: line.groupbuy_offer_id.outcome == "failure"
        )
        missed.product_uom_qty = 0
        by_price = defaultdict(lines.browse)
        for line in lines - missed:
            price = line._get_groupbuy_price_unit()
            if line.currency_id.compare_amounts(price, line.price_unit):
                by_price[price] |= line
        for price, priced in by_price.items():
            priced.write({"price_unit": price, "technical_price_unit": price})
        for order in self.filtered("order_line.reward_id"):
            order._groupbuy_scale_rewards(before[order])

    def _groupbuy_get_goods_totals(self):
        """:return: {order line: total} of the goods of this order"""
        return {
            line: line.price_total
            for line in self.order_line
            if line._is_groupbuy_goods()
        }

    def _groupbuy_scale_rewards(self, before):
        """Honour the rewards given at payment on what is left of the goods.

        A percentage stays that percentage; a fixed amount stays that amount, but
        never more than there is to discount. Either way the new total is not above the
        paid one.

        :param dict before: {order line: total} of the goods when the rewards were given
        """
        self.ensure_one()
        rewards = self.order_line.filtered("reward_id")
        left = sum((self.order_line - rewards).mapped("price_total"))
        for lines in rewards.grouped("reward_identifier_code").values():
            left -= lines._groupbuy_scale_reward(before, left)

    # === MONEY === #

    def _groupbuy_get_payments(self):
        """:return: the transactions that brought money in"""
        return self.transaction_ids.filtered(
            lambda tx: (
                tx.state == "done" and tx.operation not in ("refund", "validation")
            )
        )

    def _groupbuy_get_balances(self):
        """:return: {order: money received, less refunds made or under way}"""
        balances = {}
        for order in self:
            payments = order._groupbuy_get_payments()
            refunds = payments.child_transaction_ids.filtered(
                lambda tx: tx.operation == "refund" and tx.state != "cancel"
            )
            balances[order] = order.currency_id.round(
                sum(payments.mapped("amount")) + sum(refunds.mapped("amount"))
            )
        return balances

    def _groupbuy_refund_surplus(self):
        """Refund what these orders hold beyond what they cost.

        The refunds are written with their numbers now and sent after this transaction
        has been committed, so that a crash can neither lose nor double one.
        """
        vals_list = []
        for order, balance in self._groupbuy_get_balances().items():
            due = order.amount_total if order.state in ("sent", "sale") else 0.0
            surplus = order.currency_id.round(balance - due)
            if order.currency_id.compare_amounts(surplus, 0.0) > 0:
                payments = order._groupbuy_get_payments()
                vals_list += payments._groupbuy_prepare_refunds(surplus)
        refunds = self.env["payment.transaction"].create(vals_list)
        refunds._groupbuy_enqueue()
        return refunds

    def _groupbuy_reconcile(self):
        """Match invoices, payments and refunds of each order on the receivable."""
        order_of = {}
        for order in self:
            payments = order.transaction_ids
            transactions = payments | payments.child_transaction_ids
            for move in order.invoice_ids | transactions.payment_id.move_id:
                order_of[move] = order
        lines = self.env["account.move.line"].search(
            [
                ("move_id", "in", [move.id for move in order_of]),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
            ]
        )
        by_order = lines.grouped(lambda line: order_of[line.move_id])
        # Only what is owed both ways can be matched.
        plan = [
            own
            for own in by_order.values()
            if len({line.balance > 0 for line in own}) == 2
        ]
        if plan:
            self.env["account.move.line"]._reconcile_plan(plan)
