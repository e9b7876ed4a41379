from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    """Pieces taken off confirmed orders, and the money for them given back."""

    _inherit = "sale.order"

    @api.model
    def _groupbuy_take_off(self, quantities, reason, tell=True):
        """Take pieces off confirmed orders: total, credit note, refund and points.

        Where the goods are is up to the caller: pieces that count as delivered have to
        be taken back first.

        :param dict quantities: {order line: pieces > 0}, lines of any number of orders
        :param str reason: shown to the resident
        :param bool tell: whether to mail the residents
        :return: the credit notes, posted, one per order that was invoiced
        :raise UserError: an order is not confirmed, or has fewer pieces
        """
        # Whoever reports a shortage or takes goods back needs no rights on invoices.
        taken = {line.sudo(): pieces for line, pieces in quantities.items() if pieces}
        lines_sudo = self.env["sale.order.line"].union(*taken).sudo()
        lines_sudo._check_groupbuy_take_off(taken)
        orders_sudo = lines_sudo.order_id._groupbuy_for_settling()
        billed = {order: order._groupbuy_get_billed() for order in orders_sudo}
        costs = {order: order.amount_total for order in orders_sudo}
        totals = {order: order._groupbuy_get_goods_totals() for order in orders_sudo}
        with orders_sudo._groupbuy_unlocked():
            # In this context no note is posted on each order.
            lines_sudo.with_env(orders_sudo.env)._groupbuy_lower(taken)
            orders_sudo._groupbuy_drop_fees()
            for order in orders_sudo:
                order._groupbuy_scale_allowances(totals[order])
                order._groupbuy_scale_rewards(totals[order])
                order._groupbuy_keep_within(costs[order])
        return orders_sudo._groupbuy_settle(billed, reason, tell)

    def _groupbuy_allow(self, line, amount, reason, tell=True):
        """Give back part of a line's price, its pieces staying with the resident.

        :param line: order line of this confirmed order
        :param float amount: with tax, positive, at most what is left of its price
        :param str reason: shown to the resident
        :param bool tell: whether to mail the resident
        :return: the credit note, posted; none if the order has not been invoiced
        :raise UserError: the amount is not above 0, or above what is left
        """
        self.ensure_one()
        order_sudo = self.sudo()._groupbuy_for_settling()
        line_sudo = line.sudo()
        amount = order_sudo.currency_id.round(amount)
        if order_sudo.currency_id.compare_amounts(amount, 0.0) <= 0:
            raise UserError(self.env._("Give back an amount above 0."))
        most = min(line_sudo._groupbuy_get_paid(), order_sudo.amount_total)
        if order_sudo.currency_id.compare_amounts(amount, most) > 0:
            raise UserError(
                self.env._(
                    "At most %(amount)s of %(product)s can be given back.",
                    amount=order_sudo.currency_id.format(most),
                    product=line_sudo.product_id.display_name,
                )
            )
        billed = {order_sudo: order_sudo._groupbuy_get_billed()}
        with order_sudo._groupbuy_unlocked():
            self.env["sale.order.line"].sudo().with_context(
                skip_procurement=True
            ).create(line_sudo._groupbuy_prepare_allowance(amount))
        return order_sudo._groupbuy_settle(billed, reason, tell)

    def _groupbuy_for_settling(self):
        return self.with_context(
            groupbuy_closing=True, tracking_disable=True, mail_create_nosubscribe=True
        )

    @contextmanager
    def _groupbuy_unlocked(self):
        """Orders that are locked after confirmation can be changed meanwhile."""
        locked = self.filtered("locked")
        locked.locked = False
        yield
        locked.locked = True

    def _groupbuy_drop_fees(self):
        """Whoever gets nothing at all pays no delivery either."""
        empty = self.filtered(lambda order: not order._groupbuy_has_goods())
        fees = empty.order_line.filtered("is_delivery")
        fees._groupbuy_lower({fee: fee.product_uom_qty for fee in fees})

    def _groupbuy_has_goods(self):
        """Whether any piece of this order has not been taken off."""
        self.ensure_one()
        return any(
            line.product_uom_qty
            for line in self.order_line
            if line._is_groupbuy_goods()
        )

    def _groupbuy_scale_allowances(self, before):
        """An allowance goes with the pieces that it was given for.

        :param dict before: {order line: total} of the goods
        """
        self.ensure_one()
        for line in self.order_line.filtered("groupbuy_allowance_of_id"):
            goods = line.groupbuy_allowance_of_id
            if before.get(goods):
                line._groupbuy_write_price(
                    line.price_unit * goods.price_total / before[goods]
                )

    def _groupbuy_keep_within(self, cost):
        """No order ever costs more than it did before, nor less than nothing.

        Either would happen where more was given back of a line than it had cost after
        its discounts, and the line then goes.

        :param float cost: what this order cost before
        """
        self.ensure_one()
        given = self.order_line.filtered("groupbuy_allowance_of_id")
        surplus = self.currency_id.round(self.amount_total - cost)
        if given and self.currency_id.compare_amounts(surplus, 0.0) > 0:
            given[-1]._groupbuy_write_price(given[-1].price_unit - surplus)
        for line in given:
            if self.currency_id.compare_amounts(self.amount_total, 0.0) < 0:
                line._groupbuy_write_price(min(line.price_unit - self.amount_total, 0))

    # === MONEY === #

    def _groupbuy_settle(self, billed, reason, tell):
        """Credit and refund what these orders cost less than they did.

        :param dict billed: {order: what `_groupbuy_get_billed` gave before}
        :return: the credit notes
        """
        credit_notes = self._groupbuy_credit(billed, reason)
        self._groupbuy_take_points_back()
        refunds = self._groupbuy_refund_surplus()
        none = credit_notes.browse()
        notes_of = credit_notes.grouped(lambda n: n.line_ids.sale_line_ids.order_id)
        for refund in refunds:
            refund.invoice_ids = notes_of.get(refund.groupbuy_order_id, none)
        self._groupbuy_reconcile()
        self._message_log_batch(bodies=dict.fromkeys(self.ids, reason))
        if tell:
            self._groupbuy_tell_refund()
        return credit_notes

    # === TELLING === #

    def _groupbuy_tell_refund(self):
        """Mail these residents once this transaction has been committed.

        In a job, since an order has room for one pending mail only, and goods that are
        short are often followed by "ready to collect".
        """
        if self:
            self.with_delay(
                channel="root.groupbuy",
                description=self.env._("Tell residents about refunds"),
            )._groupbuy_mail_refund()

    def _groupbuy_mail_refund(self):
        template = self.env.ref("community_groupbuy.mail_template_refunded")
        for order in self:
            order._send_order_notification_mail(template)
        self._groupbuy_notify_by_sms("refunded")
