from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.queue_job.exception import RetryableJobError

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestPayment(GroupbuyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(cls._example(quota=20))
        cls.offer = cls.campaign.offer_ids

    def _get_mails(self, order):
        return order.message_ids.filtered(
            lambda mail: order.name in (mail.subject or "")
        )

    def assertTold(self, order, template):
        """The resident is sent this mail."""
        self.assertEqual(
            order.pending_email_template_id,
            self.env.ref(f"community_groupbuy.{template}"),
        )

    def assertCancelled(self, order, reason, paid):
        """The order is cancelled and everything paid is refunded, once."""
        self._run_jobs()
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.groupbuy_cancel_reason, reason)
        self.assertMoney(order, paid, paid, 0)

    # === IN TIME === #

    def test_paid_join_waits(self):
        order = self._buy(self.campaign, self.ann, 5)
        self.assertEqual((order.state, order.groupbuy_status), ("sent", "waiting"))
        self.assertEqual(self._get_holds(order).state, "paid")
        self.assertFalse(order.picking_ids)
        self.assertTold(order, "mail_template_paid")
        self._run_cron("sale.send_pending_emails_cron")
        mail = self._get_mails(order)
        self.assertEqual(len(mail), 1)
        self.assertIn("You are in", mail.subject)
        self.assertEqual(mail.partner_ids, self.ann.partner_id)
        self.assertEqual(order.state, "sent")
        self.assertCounted(self.campaign)

    def test_nothing_confirms_a_waiting_order_but_the_closing(self):
        order = self._buy(self.campaign, self.ann, 5)
        with self.assertRaisesRegex(UserError, "confirmed when its campaign closes"):
            order.action_confirm()
        order._validate_order()
        self.assertEqual(order.state, "sent")
        with self.assertRaisesRegex(UserError, "stays cancelled"):
            order.action_draft()

    def test_processing_a_payment_again_changes_nothing(self):
        order = self._join(self.campaign, self.ann, 5)
        tx = self._pay(order)
        tx._post_process()
        tx.is_post_processed = False
        tx._post_process()
        self.assertEqual(order.state, "sent")
        self.assertFalse(self._get_refunds(order))
        self.assertCounted(self.campaign)

    def test_booking_twice_books_once(self):
        order = self._buy(self.campaign, self.ann, 5)
        self._book()
        payment = order.transaction_ids.payment_id
        self.assertEqual(payment.amount, 50)
        self._book()
        order.transaction_ids._groupbuy_book()
        self.assertEqual(order.transaction_ids.payment_id, payment)
        domain = [("payment_transaction_id", "in", order.transaction_ids.ids)]
        self.assertEqual(self.env["account.payment"].search(domain), payment)

    # === LATE === #

    def test_late_money_takes_the_pieces_again_if_they_are_left(self):
        order = self._join(self.campaign, self.ann, 5)
        with self._later(minutes=16):
            self._sweep()
            self.assertEqual(order.state, "cancel")
            self.assertEqual(order.groupbuy_cancel_reason, "expired")
            self.assertEqual(self._get_holds(order).state, "expired")
            self._pay(order)
            self.assertEqual(order.state, "sent")
            self.assertFalse(order.groupbuy_cancel_reason)
            self.assertEqual(self._get_holds(order).state, "paid")
            self.assertFalse(self._get_refunds(order))
            self.assertTold(order, "mail_template_paid")
            self.assertCounted(self.campaign)

    def test_late_money_before_the_sweep_takes_the_pieces_again(self):
        order = self._join(self.campaign, self.ann, 5)
        with self._later(minutes=16):
            self._pay(order)
            self.assertEqual(order.state, "sent")
            self.assertEqual(self._get_holds(order).state, "paid")
            self._sweep()
            self.assertEqual(order.state, "sent")

    def _check_refunded_once(self, sweep):
        order = self._join(self.campaign, self.ann, 5)
        with self._later(minutes=16):
            if sweep:
                self._sweep()
            self._buy(self.campaign, self.ben, 18)
            tx = self._pay(order)
            self.assertTold(order, "mail_template_late")
            tx._post_process()
            self._sweep()
            self.assertCancelled(order, "late", 50)
            self.assertEqual(len(self._get_refunds(order)), 1)
            self.assertEqual(self.bank.requests, [f"R-{tx.reference}"])
            self.assertCounted(self.campaign)

    def test_late_money_is_refunded_once_when_nothing_is_left(self):
        self._check_refunded_once(sweep=True)

    def test_late_money_is_refunded_once_before_the_sweep(self):
        self._check_refunded_once(sweep=False)

    def test_late_money_respects_the_limit_per_resident(self):
        self.offer.max_per_resident = 6
        first = self._join(self.campaign, self.ann, 5)
        with self._later(minutes=16):
            self._sweep()
            self._buy(self.campaign, self.ann, 6)
            self._pay(first)
            self.assertCancelled(first, "late", 50)

    def test_money_that_arrived_in_time_is_never_too_late(self):
        """The payment is done in time, but nobody processes it until time is over."""
        order = self._join(self.campaign, self.ann, 5)
        tx = self._create_payment(order)
        with self._later(minutes=10):
            tx._set_done()
        with self._later(minutes=16):
            self._sweep()
            tx._post_process()
            self._run_jobs()
            self.env.invalidate_all()
            self.assertEqual(order.state, "sent")
            self.assertFalse(self._get_refunds(order))
            self.assertEqual(self._get_holds(order).state, "paid")

    def test_resident_is_told_when_the_sweep_finds_money_that_is_too_late(self):
        order = self._join(self.campaign, self.ann, 5)
        tx = self._create_payment(order)
        with self._later(minutes=16):
            self._buy(self.campaign, self.ben, 18)
            tx._set_done()
            self._sweep()
            self.assertTold(order, "mail_template_late")
            tx._post_process()
            self.assertCancelled(order, "late", 50)
            self.assertEqual(len(self._get_refunds(order)), 1)

    def test_late_money_after_closing_is_refunded(self):
        order = self._join(self.campaign, self.ann, 5)
        self._buy(self.campaign, self.ben, 5)
        with self._later(minutes=16):
            self._close(self.campaign)
            self.assertEqual(self.campaign.state, "succeeded")
            self._pay(order)
            self.assertCancelled(order, "late", 50)
            self.assertEqual(self.offer.final_quantity, 5)

    def test_payment_during_the_closing_counts(self):
        """Closing waits for holds under way: their payers take part."""
        order = self._join(self.campaign, self.ann, 20)
        ben = self._join(self._create_campaign(self._example()), self.ben, 1)
        self.campaign.action_close()
        self.jobs.perform_enqueued_jobs()
        self.assertFalse(self.campaign.outcome)
        self._pay(order)
        with self._later(minutes=1):
            self._run_jobs()
        self.assertEqual(self.campaign.state, "succeeded")
        self.assertEqual(self.offer.final_quantity, 20)
        self.assertMoney(order, 180, 0, 180)
        self.assertEqual(ben.state, "draft")

    # === WRONG === #

    def test_too_little_is_refunded_and_buys_nothing(self):
        order = self._join(self.campaign, self.ann, 5)
        self._pay(order, 1)
        self._run_jobs()
        self.assertEqual(order.state, "draft")
        self.assertEqual(self._get_holds(order).state, "held")
        self.assertEqual(self._get_refunded(order), 1)
        self._pay(order)
        self.assertEqual(order.state, "sent")
        self._close(self.campaign)
        self.assertMoney(order, 51, 1, 50)

    def test_too_much_takes_part_and_the_rest_is_refunded(self):
        order = self._join(self.campaign, self.ann, 5)
        self._pay(order, 60)
        self._run_jobs()
        self.assertEqual(order.state, "sent")
        self.assertEqual(self._get_refunded(order), 10)
        self._close(self.campaign)
        self.assertMoney(order, 60, 10, 50)

    def test_paid_twice_the_second_time_is_refunded(self):
        order = self._join(self.campaign, self.ann, 5)
        first, second = self._create_payment(order), self._create_payment(order)
        for tx in (first, second):
            tx._set_done()
            tx._post_process()
        self._run_jobs()
        self.assertEqual(order.state, "sent")
        self.assertEqual(self._get_refunded(order), 50)
        self.assertEqual(self.offer.paid_quantity, 5)
        self._close(self.campaign)
        self.assertMoney(order, 100, 50, 50)

    # === CANCELLED MEANWHILE === #

    def test_campaign_cancelled_on_the_payment_page(self):
        waiting = self._buy(self.campaign, self.ben, 2)
        order = self._join(self.campaign, self.ann, 5)
        tx = self._create_payment(order)
        self.campaign.action_cancel()
        self._run_jobs()
        self.assertTold(order, "mail_template_failed")
        tx._set_done()
        tx._post_process()
        self.assertCancelled(order, "operator", 50)
        self.assertCancelled(waiting, "operator", 20)
        self.assertEqual(set(self._get_holds(order + waiting).mapped("state")),
                         {"cancelled"})  # fmt: skip

    def test_campaign_cancelled_between_payment_and_its_job(self):
        order = self._join(self.campaign, self.ann, 5)
        self.campaign.action_cancel()
        self._pay(order)
        self.assertCancelled(order, "operator", 50)

    def test_resident_cancels_then_pays(self):
        order = self._join(self.campaign, self.ann, 5)
        order.with_user(self.ann).action_groupbuy_cancel()
        self.assertEqual(self.offer.held_quantity, 0)
        self._pay(order)
        self.assertCancelled(order, "resident", 50)

    def test_resident_cancels_a_paid_order_once(self):
        order = self._buy(self.campaign, self.ann, 5)
        order.with_user(self.ann).action_groupbuy_cancel()
        with self.assertRaisesRegex(UserError, "no longer be cancelled"):
            order.with_user(self.ann).action_groupbuy_cancel()
        self.assertCancelled(order, "resident", 50)
        self.assertEqual(self.offer.remaining, 20)
        self.assertEqual(order.groupbuy_status, "refunded")

    def test_nobody_cancels_while_the_campaign_closes(self):
        order = self._buy(self.campaign, self.ann, 5)
        self.campaign.action_close()
        with self.assertRaisesRegex(UserError, "too late to cancel"):
            order.with_user(self.ann).action_groupbuy_cancel()
        self._run_jobs()
        self.assertEqual(order.state, "sale")

    def test_nobody_cancels_somebody_elses_order(self):
        order = self._buy(self.campaign, self.ann, 5)
        with self.assertRaisesRegex(UserError, "your own orders only"):
            order.with_user(self.ben).action_groupbuy_cancel()
        self.assertEqual(order.state, "sent")

    def test_cancelling_in_the_backend_gives_pieces_and_money_back(self):
        order = self._buy(self.campaign, self.ann, 5)
        order.action_cancel()
        self.assertCancelled(order, "operator", 50)
        self.assertEqual(self.offer.remaining, 20)

    # === CRASHES === #

    def test_order_follows_pieces_given_back_before_a_crash(self):
        order = self._buy(self.campaign, self.ann, 5)
        self.env["groupbuy.hold"]._cancel(order, ("open",))
        self.assertEqual(order.state, "sent")
        self._sweep()
        self.assertCancelled(order, "resident", 50)

    def test_closing_waits_for_an_order_whose_pieces_were_given_back(self):
        """The resident's cancellation crashed between hold and order, and the campaign
        closes before the sweep: the order must not be sold without its pieces."""
        order = self._buy(self.campaign, self.ann, 5)
        other = self._buy(self.campaign, self.ben, 5)
        self.env["groupbuy.hold"]._cancel(order, ("open",))
        self.campaign.action_close()
        self.jobs.perform_enqueued_jobs()
        self.assertFalse(self.campaign.outcome)
        with self._later(minutes=1):
            self._sweep()
        self.assertCancelled(order, "resident", 50)
        self.assertEqual(self.campaign.state, "succeeded")
        self.assertMoney(other, 50, 0, 50)
        self.assertOnePrice(self.campaign)

    # === REFUNDS THAT FAIL === #

    def _fail_refunds(self, error):
        """:return: an order that was cancelled while the bank refuses"""
        order = self._buy(self.campaign, self.ann, 5)
        self.bank.error = error
        order.with_user(self.ann).action_groupbuy_cancel()
        self._run_jobs()
        return order

    def test_what_was_booked_at_the_same_time_is_matched_later(self):
        order = self._buy(self.campaign, self.ann, 5)
        with patch.object(type(order), "_groupbuy_reconcile", lambda orders: None):
            order.with_user(self.ann).action_groupbuy_cancel()
            self._run_jobs()
            self._book()
        refunds = self._get_refunds(order)
        moves = (order.transaction_ids | refunds).payment_id.move_id
        self.assertEqual(len(moves), 2)
        self.assertTrue(any(moves.line_ids.mapped("amount_residual")))
        self._book()
        self.assertAtRest(order)

    def test_refund_that_somebody_else_holds_is_sent_a_moment_later(self):
        order = self._buy(self.campaign, self.ann, 5)
        order.with_user(self.ann).action_groupbuy_cancel()
        refund = self._get_refunds(order)
        with (
            patch.object(
                type(refund), "try_lock_for_update", lambda txs, **kw: txs.browse()
            ),
            self.assertRaises(RetryableJobError),
        ):
            refund._groupbuy_send()
        self.assertEqual(refund.state, "draft")
        self.assertFalse(refund.groupbuy_tries)
        self._run_jobs()
        self.assertEqual(refund.state, "done")

    def test_refund_whose_payment_is_not_booked_yet_asks_for_another_look(self):
        order = self._buy(self.campaign, self.ann, 5)
        order.with_user(self.ann).action_groupbuy_cancel()
        triggers = self.env["ir.cron.trigger"].search([])
        triggers.unlink()
        self._run_jobs()
        cron = self.env.ref("community_groupbuy.payment_cron")
        self.assertFalse(order.transaction_ids.payment_id)
        self.assertTrue(
            self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        )
        self.assertMoney(order, 50, 50, 0)

    def _retry(self, minutes):
        with self._later(minutes=minutes):
            self._sweep()

    def test_failed_refund_is_sent_again_under_the_same_number(self):
        order = self._fail_refunds(UserError("The bank is closed."))
        refund = self._get_refunds(order)
        self.assertEqual((refund.state, refund.groupbuy_tries), ("error", 1))
        self.assertIn("bank is closed", refund.state_message)
        self._retry(1)
        self.assertEqual(refund.groupbuy_tries, 1, "not at once")
        self.bank.error = None
        self._retry(4)
        self.assertEqual(refund.state, "done")
        self.assertEqual(self.bank.requests, [refund.reference] * 2)
        self.assertMoney(order, 50, 50, 0)
        self.assertFalse(order.activity_ids)

    def test_refund_is_raised_to_operators_after_its_retries(self):
        order = self._fail_refunds(UserError("The bank is closed."))
        refund = self._get_refunds(order)
        for hours in range(1, 9):
            self._retry(60 * hours)
        self.assertEqual(refund.groupbuy_tries, 5)
        self.assertEqual(set(self.bank.requests), {refund.reference})
        self.assertEqual(len(order.activity_ids), 1)
        self.assertIn(refund.reference, order.activity_ids.summary)
        self.bank.error = None
        refund.action_groupbuy_retry()
        self._run_jobs()
        self.assertEqual(refund.state, "done")
        self.assertFalse(order.activity_ids)

    @mute_logger("odoo.addons.community_groupbuy.models.payment_transaction")
    def test_unexpected_errors_of_a_provider_count_as_tries_too(self):
        order = self._fail_refunds(ConnectionError("reset by peer"))
        refund = self._get_refunds(order)
        self.assertEqual((refund.state, refund.groupbuy_tries), ("error", 1))
        for hours in range(1, 9):
            self._retry(60 * hours)
        self.assertEqual(refund.groupbuy_tries, 5)
        self.assertEqual(len(order.activity_ids), 1)

    @mute_logger("odoo.addons.community_groupbuy.models.payment_transaction")
    def test_one_refund_that_fails_stops_no_other(self):
        orders = self._buy(self.campaign, self.ann, 5)
        orders += self._buy(self.campaign, self.ben, 5)
        refuse = orders[0].transaction_ids.reference
        refund = type(self.bank).refund

        def moody(bank, tx):
            if tx.reference == f"R-{refuse}":
                raise ConnectionError("reset by peer")
            return refund(bank, tx)

        with patch.object(type(self.bank), "refund", moody):
            self.campaign.action_cancel()
            self._run_jobs()
        self.assertEqual(self._get_refunds(orders[0]).state, "error")
        self.assertEqual(self._get_refunds(orders[1]).state, "done")

    def test_refund_that_was_never_sent_is_found(self):
        """A crash after the commit and before the job: the sweep sends it."""
        order = self._buy(self.campaign, self.ann, 5)
        order.with_user(self.ann).action_groupbuy_cancel()
        self.jobs.enqueued_jobs = []
        refund = self._get_refunds(order)
        self.assertEqual(refund.state, "draft")
        self._retry(5)
        self.assertEqual(refund.state, "done")

    def test_disabled_provider_is_no_end_of_the_refund(self):
        order = self._buy(self.campaign, self.ann, 5)
        order.with_user(self.ann).action_groupbuy_cancel()
        self.provider.state = "disabled"
        self._run_jobs()
        refund = self._get_refunds(order)
        self.assertEqual(refund.state, "error")
        self.assertEqual(self.bank.requests, [])
        self.provider.state = "test"
        self._retry(5)
        self.assertMoney(order, 50, 50, 0)

    def test_wait_between_tries_grows(self):
        order = self._fail_refunds(UserError("closed"))
        refund = self._get_refunds(order)
        start, tries = fields.Datetime.now(), []
        for minute in range(1, 40):
            self._retry(minute)
            if refund.groupbuy_tries > len(tries) + 1:
                tries.append(minute)
        self.assertGreater(fields.Datetime.now(), start)
        gaps = [b - a for a, b in zip([0, *tries], tries, strict=False)]
        self.assertEqual(gaps, sorted(gaps))
        self.assertGreaterEqual(gaps[0], 2)
