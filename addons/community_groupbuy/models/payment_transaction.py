import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.queue_job.exception import RetryableJobError

_logger = logging.getLogger(__name__)

BOOK_CHUNK = 100
REFUND_CHUNK = 50
MAX_REFUND_TRIES = 5


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    groupbuy_order_id = fields.Many2one(
        "sale.order",
        compute="_compute_groupbuy_order_id",
        recursive=True,
        store=True,
        index="btree_not_null",
        string="Group-buy Order",
        help="The join that this transaction pays, or whose payment it refunds; or an "
        "ordinary order collected at a pickup point, if part of it is refunded.",
    )
    groupbuy_tries = fields.Integer(string="Refund Tries", readonly=True, copy=False)

    @api.depends(
        "sale_order_ids.groupbuy_campaign_id",
        "source_transaction_id.groupbuy_order_id",
        "source_transaction_id.sale_order_ids.pickup_point_id",
    )
    def _compute_groupbuy_order_id(self):
        for tx in self:
            joins = tx.sale_order_ids.filtered("groupbuy_campaign_id")
            source = tx.source_transaction_id
            tx.groupbuy_order_id = joins[:1] or source.groupbuy_order_id
            if not tx.groupbuy_order_id and tx.operation == "refund":
                # Shop orders that are collected at a point are refunded alike.
                collected = source.sale_order_ids.filtered("pickup_point_id")
                tx.groupbuy_order_id = collected[:1]

    # === POST-PROCESSING === #

    def _post_process(self):
        """Override of `payment`: a join waits for its campaign to close.

        The accounting entries are written in batches by :meth:`_groupbuy_book`.
        """
        mine = self.filtered("groupbuy_order_id")
        others = self - mine
        for tx in mine.filtered(lambda tx: tx.operation != "refund"):
            if tx.state == "done":
                tx.groupbuy_order_id._groupbuy_receive()
        mine.is_post_processed = True
        if mine.filtered(lambda tx: tx.state == "done"):
            self.env.ref("community_groupbuy.payment_cron").sudo()._trigger()
        return others and super(PaymentTransaction, others)._post_process()

    def _log_message_on_linked_documents(self, message):
        """Override of `payment`: a join's payments and refunds are listed on it.

        Notes about each of their steps would take longer than the steps themselves.
        """
        if self.groupbuy_order_id and self.state != "error":
            return None
        return super()._log_message_on_linked_documents(message)

    # === REFUNDS === #

    def action_groupbuy_retry(self):
        """Send refunds that failed again now, in the background, with new tries.

        :raise UserError: none of them is a group-buy refund that failed
        """
        self.check_access("read")
        self.env.user._groupbuy_check_operator()
        failed = self.filtered(
            lambda tx: (
                tx.groupbuy_order_id
                and tx.operation == "refund"
                and tx.state in ("draft", "error")
            )
        )
        if not failed:
            raise UserError(self.env._("Only refunds that failed can be sent again."))
        # Operators may not write transactions; that these are due is checked.
        failed_sudo = failed.sudo()
        failed_sudo.groupbuy_tries = 0
        failed_sudo._groupbuy_enqueue()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s refunds are on their way.", len(failed)),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _groupbuy_prepare_refunds(self, amount):
        """Divide a refund of `amount` over these payments, latest first.

        A refund's number is derived from its payment's and never changes.

        :param float amount: positive, in the currency of the payments
        :return: the values of the refunds
        """
        vals_list = []
        for tx in self.sorted("id", reverse=True):
            earlier = tx.child_transaction_ids.filtered(
                lambda child: child.operation == "refund"
            )
            live = earlier.filtered(lambda child: child.state != "cancel")
            left = tx.currency_id.round(tx.amount + sum(live.mapped("amount")))
            part = min(left, amount)
            if tx.currency_id.compare_amounts(part, 0.0) <= 0:
                continue
            suffix = f"-{len(earlier) + 1}" if earlier else ""
            vals_list.append(
                {
                    "provider_id": tx.provider_id.id,
                    "payment_method_id": tx.payment_method_id.id,
                    "reference": f"R-{tx.reference}{suffix}",
                    "amount": -part,
                    "currency_id": tx.currency_id.id,
                    "operation": "refund",
                    "source_transaction_id": tx.id,
                    "partner_id": tx.partner_id.id,
                }
            )
            amount = tx.currency_id.round(amount - part)
        return vals_list

    def _groupbuy_enqueue(self):
        """Send these refunds in jobs that start once this transaction is committed."""
        for chunk in self._groupbuy_chunks(REFUND_CHUNK):
            chunk.with_delay(
                channel="root.groupbuy",
                identity_key=f"groupbuy-refund-{chunk[0].id}-{chunk[-1].id}",
                description=self.env._("Send group-buy refunds"),
            )._groupbuy_send()

    def _groupbuy_chunks(self, size):
        ids = sorted(self.ids)
        return [self.browse(ids[i : i + size]) for i in range(0, len(ids), size)]

    def _groupbuy_send(self):
        """Send refunds to their providers; those already sent are passed over.

        :raise RetryableJobError: somebody else is at one of them; nothing was sent
        """
        refunds = self.filtered(lambda tx: tx.state in ("draft", "error"))
        if refunds.try_lock_for_update(allow_referencing=True) != refunds:
            # Passed over, these would wait for the sweep.
            raise RetryableJobError(
                "Another refund of the same order is being booked",
                seconds=2,
                ignore_retry=True,
            )
        for tx in refunds:
            tx.groupbuy_tries += 1
            tx._groupbuy_send_one()
        done = self.filtered(lambda tx: tx.state == "done")
        done.is_post_processed = True
        done._groupbuy_book()
        done.groupbuy_order_id._groupbuy_end_warnings(done.mapped("reference"))

    def _groupbuy_send_one(self):
        self.ensure_one()
        self = self.with_context(groupbuy_closing=True)
        try:
            with self.env.cr.savepoint():
                self._ensure_provider_is_not_disabled()
                self._send_refund_request()
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            # One refund that fails, in whatever way, must not stop the others.
            if not isinstance(error, UserError):
                _logger.warning("Refund %s failed", self.reference, exc_info=True)
            self._set_error(str(error), extra_allowed_states=("error",))

    @api.model
    def _groupbuy_retry_refunds(self):
        """Send refunds that were never sent or failed; call for help after some tries.

        The pause doubles with every try: 2, 4, 8, … minutes.
        """
        now = fields.Datetime.now()
        waiting = self.search(
            [
                ("groupbuy_order_id", "!=", False),
                ("operation", "=", "refund"),
                ("state", "in", ("draft", "error")),
                ("write_date", "<", now - timedelta(minutes=1)),
            ],
            limit=1000,
        )
        given_up = waiting.filtered(lambda tx: tx.groupbuy_tries >= MAX_REFUND_TRIES)
        for tx in given_up:
            tx.groupbuy_order_id._groupbuy_raise_to_operators(
                self.env._("Refund %s failed repeatedly", tx.reference)
            )
        due = (waiting - given_up).filtered(
            lambda tx: tx.write_date + timedelta(minutes=2**tx.groupbuy_tries) <= now
        )
        due._groupbuy_enqueue()

    # === ACCOUNTING === #

    @api.model
    def _groupbuy_book_pending(self):
        """Book what arrived or was refunded since the last time, a chunk at a time."""
        domain = [
            ("groupbuy_order_id", "!=", False),
            ("state", "=", "done"),
            ("operation", "!=", "validation"),
            ("payment_id", "=", False),
            # Nobody else is about to write on these.
            ("is_post_processed", "=", True),
        ]
        commit_progress = self.env["ir.cron"]._commit_progress
        commit_progress(remaining=self.search_count(domain))
        while pending := self.search(domain, order="id", limit=BOOK_CHUNK):
            pending._groupbuy_book()
            if not commit_progress(len(pending)):
                break
        self._groupbuy_find_unmatched()._groupbuy_reconcile()

    @api.model
    def _groupbuy_find_unmatched(self):
        """Find what two transactions booked at the same time: neither saw the other's.

        :return: the orders with open receivables both ways
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH unmatched AS (
                  SELECT l.move_id, l.balance
                    FROM account_move_line AS l
                    JOIN account_account AS a ON a.id = l.account_id
                   WHERE a.account_type = 'asset_receivable'
                     AND l.parent_state = 'posted' AND NOT l.reconciled
                ), moves AS (
                  SELECT payment_transaction_id AS transaction_id, move_id
                    FROM account_payment
                   UNION
                  SELECT transaction_id, invoice_id FROM account_invoice_transaction_rel
                )
                  SELECT t.groupbuy_order_id
                    FROM unmatched
                    JOIN moves ON moves.move_id = unmatched.move_id
                    JOIN payment_transaction AS t ON t.id = moves.transaction_id
                   WHERE t.groupbuy_order_id IS NOT NULL
                GROUP BY t.groupbuy_order_id
                  HAVING MIN(unmatched.balance) < 0 AND MAX(unmatched.balance) > 0
                ORDER BY t.groupbuy_order_id
                   LIMIT 1000
                """
            )
        )
        return self.env["sale.order"].browse([order_id for (order_id,) in rows])

    def _groupbuy_book(self):
        """Write the accounting entries of these transactions and match them."""
        pending = (self | self.child_transaction_ids).filtered(
            lambda tx: (
                tx.state == "done"
                and tx.operation != "validation"
                and not tx.payment_id
            )
        )
        pending = pending.try_lock_for_update()
        payments = (
            self.env["account.payment"]
            .with_context(
                groupbuy_booking=True,
                groupbuy_closing=True,
                tracking_disable=True,
                mail_create_nosubscribe=True,
            )
            .create([tx._groupbuy_prepare_payment() for tx in pending])
        )
        payments.action_post()
        for tx, payment in zip(pending, payments, strict=True):
            tx.payment_id = payment
        (self | pending).groupbuy_order_id._groupbuy_reconcile()
        related = self | self.source_transaction_id
        done = related.filtered(lambda tx: tx.state == "done")
        if done.filtered(lambda tx: tx.operation != "validation" and not tx.payment_id):
            # Somebody else is booking these, and cannot see what was booked here.
            self.env.ref("community_groupbuy.payment_cron").sudo()._trigger()

    def _groupbuy_prepare_payment(self):
        self.ensure_one()
        inbound = self.amount > 0
        journal = self.provider_id.journal_id
        # The same for both directions, as Odoo does: the provider has one line.
        method_lines = journal.inbound_payment_method_line_ids.filtered(
            lambda line: line.payment_provider_id == self.provider_id
        )
        return {
            "amount": abs(self.amount),
            "payment_type": "inbound" if inbound else "outbound",
            "currency_id": self.currency_id.id,
            "partner_id": self.partner_id.commercial_partner_id.id,
            "partner_type": "customer",
            "journal_id": journal.id,
            "company_id": self.provider_id.company_id.id,
            "payment_method_line_id": method_lines[:1].id,
            "payment_transaction_id": self.id,
            "memo": f"{self.reference} - {self.provider_reference or ''}",
        }
