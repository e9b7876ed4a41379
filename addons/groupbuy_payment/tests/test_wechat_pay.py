import logging

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..protocols import wechat_pay
from .wechat_common import WechatCommon
from .wechat_platform import APIV3_KEY, APPID, MCHID, make_key, private_pem, public_pem


@tagged("post_install", "-at_install")
class TestWechatPay(WechatCommon):
    """Payments and refunds at WeChat Pay, when messages get lost and when not."""

    # === ORDERS === #

    def test_numbers_fit_the_provider_and_never_change(self):
        order = self._join(self.campaign, self.ann, 1)
        first, second = self._create_payment(order), self._create_payment(order)
        for tx in (first, second):
            self.assertRegex(tx.groupbuy_out_trade_no, r"^[0-9A-Za-z_]{6,32}$")
        self.assertNotEqual(first.groupbuy_out_trade_no, second.groupbuy_out_trade_no)
        number = self.env["payment.transaction"]._groupbuy_get_number
        self.assertEqual(number("A-1"), number("A-1"))
        # Readable alike, but not the same.
        self.assertNotEqual(number("A-1"), number("A_1"))
        self.assertLessEqual(len(number("很长的编号-" * 20)), 32)
        self.env["ir.config_parameter"].set_param("database.uuid", "another")
        self.assertNotEqual(number(first.reference), first.groupbuy_out_trade_no)

    def test_an_order_is_placed_as_long_as_its_pieces_are_held(self):
        tx = self._start(quantity=3)
        body = self.bank.orders[tx.groupbuy_out_trade_no]["body"]
        self.assertEqual(body["amount"], {"total": 3000, "currency": "CNY"})
        self.assertEqual((body["appid"], body["mchid"]), (APPID, MCHID))
        self.assertTrue(body["notify_url"].endswith("/payment/wechat_pay/notify"))
        self.assertNotIn("//payment", body["notify_url"])
        self.assertEqual(
            tx.groupbuy_expires_at, tx.groupbuy_order_id._get_groupbuy_expiry()
        )
        self.assertTrue(body["time_expire"].endswith("+08:00"))

    def test_a_code_is_kept_until_it_runs_out(self):
        self.company.groupbuy_hold_minutes = 600
        tx = self._start()
        code = tx.groupbuy_code
        self.assertEqual(tx._groupbuy_get_code(), code)
        with self._later(hours=2):
            self.assertNotEqual(tx._groupbuy_get_code(), code)

    def test_unanswered_and_false_answers_are_never_believed(self):
        order = self._join(self.campaign, self.ann, 1)
        for fault in ("lost", "timeout", "500", "unsigned", "forged", "skewed"):
            with self.subTest(fault):
                tx = self._create_payment(order)
                self.bank.faults = [fault]
                with self.assertRaises(wechat_pay.UnknownOutcome):
                    tx._groupbuy_get_code()
                self.assertEqual(tx.state, "draft")
                # The same order, with the same number.
                tx._groupbuy_get_code()
                self.bank.pay(tx.groupbuy_out_trade_no)
                for again in ("lost", "500", "unsigned", "forged", "skewed"):
                    self.bank.faults = [again]
                    self.assertFalse(tx._groupbuy_query())
                    self.assertEqual(tx.state, "draft")
                self.assertTrue(tx._groupbuy_query())
                self.assertEqual(tx.state, "done")

    def test_refusals_say_why(self):
        with self.assertRaises(wechat_pay.Refused) as refused:
            self.provider._wechat_request("GET", "/v3/nothing")
        self.assertEqual(refused.exception.code, "NOT_FOUND")

    def test_secrets_are_not_logged(self):
        with self.assertLogs(level=logging.DEBUG) as logs:
            tx = self._pay(self._join(self.campaign, self.ann, 1))
            tx.groupbuy_order_id.action_groupbuy_cancel()
            self._run_jobs()
        text = "\n".join(logs.output)
        self.assertIn("WeChat Pay: POST", text)
        secret = private_pem(make_key("merchant")).split("\n")[1]
        for word in (APIV3_KEY, secret, "signature="):
            self.assertNotIn(word, text)

    # === ASKING === #

    def test_a_payment_without_a_notification_is_found_by_asking(self):
        tx = self._start(quantity=2)
        self._ask()
        self.assertEqual(tx.state, "draft")
        self.bank.pay(tx.groupbuy_out_trade_no)
        self._ask()
        self.assertEqual(tx.state, "done")
        self._run_cron("payment.cron_post_process_payment_tx")
        self.assertEqual(tx.groupbuy_order_id.state, "sent")
        # Done is done: nobody asks again.
        before = len(self.bank.requests)
        self._ask()
        self.assertEqual(len(self.bank.requests), before)

    def test_the_older_a_payment_the_more_rarely_it_is_asked_about(self):
        self.company.groupbuy_hold_minutes = 1440
        tx = self._start()
        pauses = []
        for hours in (0, 1, 10):
            with self._later(hours=hours):
                tx._groupbuy_query()
                pauses.append(tx.groupbuy_query_at - tx.groupbuy_asked_at)
        minutes = [round(pause.total_seconds() / 60) for pause in pauses]
        self.assertEqual(minutes, [1, 30, 300])

    def test_who_does_not_answer_is_asked_once_per_round(self):
        for _payment in range(5):
            self._start()
        before = len(self.bank.requests)
        self.bank.faults = ["lost"] * 5
        self._ask()
        self.assertEqual(len(self.bank.requests), before + 1)

    def test_a_payment_whose_time_is_over_is_closed(self):
        tx = self._start()
        with self._later(minutes=16):
            self._sweep()
            self._ask()
        self.assertEqual(tx.state, "cancel")
        self.assertFalse(self.bank.pay(tx.groupbuy_out_trade_no))
        self.assertEqual(tx.groupbuy_order_id.state, "cancel")

    def test_a_payment_that_nobody_began_ends_without_an_order(self):
        tx = self._create_payment(self._join(self.campaign, self.ann, 1))
        with self._later(minutes=16):
            self._ask()
        self.assertEqual(tx.state, "cancel")
        self.assertFalse(self.bank.orders)

    def test_an_unanswered_closing_is_repeated(self):
        tx = self._start()
        with self._later(minutes=16):
            self.bank.faults = ["timeout"]
            self._ask()
            self.assertEqual(tx.state, "draft")
            self._ask()
            self.assertEqual(tx.state, "cancel")

    def test_money_in_the_last_second_is_counted(self):
        tx = self._start(quantity=2)
        self.bank.pay(tx.groupbuy_out_trade_no)
        with self._later(minutes=16):
            self._sweep()
            self._ask()
            self._post_process_all()
        self.assertEqual(tx.state, "done")
        self.assertEqual(tx.groupbuy_order_id.state, "sent")
        self.assertBooksAgree(tx.groupbuy_order_id)

    def _check_late_money_goes_back_once(self, tx):
        order = tx.groupbuy_order_id
        self.assertEqual(order.state, "cancel")
        self.assertMoney(order, 10, 10, 0)
        self.assertEqual(len(self._get_refunds(order)), 1)
        self.assertBooksAgree(order)

    def test_money_after_the_campaign_closed_is_refunded_once(self):
        tx = self._start()
        self._pay(self._join(self.campaign, self.ben, 1))
        number = tx.groupbuy_out_trade_no
        with self._later(minutes=16):
            self._close(self.campaign)
            self.bank.pay(number)
            for _replay in range(3):
                self.assertEqual(self._hear_paid(tx), 204)
                self._post_process_all()
            self._ask()
            self._post_process_all()
            self._check_late_money_goes_back_once(tx)

    def test_money_after_we_closed_is_refunded_once(self):
        """WeChat Pay took it in the moment in which we gave up."""
        tx = self._start()
        self.campaign.action_cancel()
        tx._set_canceled()
        self.bank.pay(tx.groupbuy_out_trade_no)
        self.assertEqual(self._hear_paid(tx), 204)
        self._post_process_all()
        self._check_late_money_goes_back_once(tx)

    def test_operators_ask_by_hand(self):
        tx = self._start()
        self.bank.pay(tx.groupbuy_out_trade_no)
        operator = self._create_operator()
        with self.assertRaises(AccessError):
            tx.with_user(self.ann).action_groupbuy_query()
        self.bank.faults = ["lost"]
        with self.assertRaisesRegex(UserError, "no answer"):
            tx.with_user(operator).action_groupbuy_query()
        tx.with_user(operator).action_groupbuy_query()
        self.assertEqual(tx.state, "done")
        with self.assertRaisesRegex(UserError, "no provider"):
            self.env["payment.transaction"].with_user(operator).action_groupbuy_query()

    def _create_operator(self):
        return self.env["res.users"].create(
            {
                "name": "Operator",
                "login": "gb_wechat_operator",
                "company_id": self.company.id,
                "company_ids": [(6, 0, self.company.ids)],
                "group_ids": [(4, self.ref("community_groupbuy.group_operator"))],
            }
        )

    # === REFUNDS === #

    def _cancel_paid(self):
        """:return: the refund of a join of 10.00, sent"""
        order = self._join(self.campaign, self.ann, 1)
        self._pay(order)
        order.action_groupbuy_cancel()
        self._run_jobs()
        return self._get_refunds(order)

    def _resend(self):
        with self._later(hours=3):
            self.env["payment.transaction"]._groupbuy_retry_refunds()
            self._run_jobs()

    def test_a_refund_goes_through_at_once(self):
        refund = self._cancel_paid()
        self.assertEqual(refund.state, "done")
        self.assertMoney(refund.groupbuy_order_id, 10, 10, 0)

    def test_differences_are_refunded_when_the_group_buy_closes(self):
        ann = self._join(self.campaign, self.ann, 15)
        self._pay(ann)
        self._pay(self._join(self.campaign, self.ben, 10))
        self._close(self.campaign)
        self.assertMoney(ann, 150, 15, 135)
        self.assertBooksAgree(ann)

    def test_a_refund_under_way_is_followed_by_asking(self):
        self.bank.refund_state = "PROCESSING"
        refund = self._cancel_paid()
        self.assertEqual(refund.state, "pending")
        self._ask()
        self.assertEqual(refund.state, "pending")
        self.bank.refunds[refund.groupbuy_out_trade_no]["status"] = "SUCCESS"
        self._ask()
        self.assertEqual(refund.state, "done")
        self._post_process_all()
        self.assertMoney(refund.groupbuy_order_id, 10, 10, 0)

    def test_a_refund_without_an_answer_is_sent_again_with_its_number(self):
        for fault in ("lost", "timeout", "500", "unsigned", "forged"):
            with self.subTest(fault):
                order = self._join(self.campaign, self.ann, 1)
                self._pay(order)
                self.bank.faults = [fault]
                order.action_groupbuy_cancel()
                self._run_jobs()
                refund = self._get_refunds(order)
                self.assertEqual(refund.state, "error")
                self.assertIn("same number", refund.state_message)
                number = refund.groupbuy_out_trade_no
                self._resend()
                self.assertEqual((refund.state, len(refund)), ("done", 1))
                self.assertEqual(refund.groupbuy_out_trade_no, number)
                self.assertMoney(order, 10, 10, 0)
                self.assertBooksAgree(order)

    def test_a_refused_refund_waits_for_money(self):
        self.bank.balance = False
        refund = self._cancel_paid()
        self.assertEqual(refund.state, "error")
        self.assertIn("NOT_ENOUGH", refund.state_message)
        self.bank.balance = True
        self._resend()
        self.assertEqual(refund.state, "done")

    def test_an_abnormal_refund_needs_somebody_and_ends_all_the_same(self):
        self.bank.refund_state = "ABNORMAL"
        refund = self._cancel_paid()
        self.assertEqual(refund.state, "error")
        self.assertIn("merchant platform", refund.state_message)
        self.bank.refunds[refund.groupbuy_out_trade_no]["status"] = "SUCCESS"
        self.assertEqual(self._hear_refunded(refund), 204)
        self._post_process_all()
        self.assertEqual(refund.state, "done")
        self.assertMoney(refund.groupbuy_order_id, 10, 10, 0)

    def test_a_closed_refund_gives_way_to_a_new_one(self):
        self.bank.refund_state = "PROCESSING"
        refund = self._cancel_paid()
        order = refund.groupbuy_order_id
        self.bank.refunds[refund.groupbuy_out_trade_no]["status"] = "CLOSED"
        self.bank.refund_state = "SUCCESS"
        message = self.bank.notify_refunded(refund.groupbuy_out_trade_no)
        for _replay in range(3):
            self.assertEqual(self._post(message).status_code, 204)
            self._run_jobs()
        self.assertEqual(refund.state, "cancel")
        again = self._get_refunds(order) - refund
        self.assertEqual((len(again), again.state), (1, "done"))
        self.assertTrue(order.activity_ids)
        self.assertEqual(self._get_refunded(order), 10)
        self.assertBooksAgree(order)

    def test_who_closes_every_refund_is_left_to_the_operators(self):
        self.bank.refund_state = "CLOSED"
        refund = self._cancel_paid()
        refunds = self._get_refunds(refund.groupbuy_order_id)
        self.assertEqual(set(refunds.mapped("state")), {"cancel"})
        self.assertEqual(len(refunds), 3)

    # === SETTING UP === #

    def test_real_money_moves_through_the_providers_own_api_only(self):
        self.provider.groupbuy_base_url = "http://127.0.0.1:9"
        with self.assertRaisesRegex(ValidationError, "not the provider's"):
            self.provider.state = "enabled"
        self.provider.groupbuy_base_url = "https://api2.mch.weixin.qq.com"
        self.provider.state = "enabled"
        for url in ("http://api2.mch.weixin.qq.com", "https://example.com"):
            with self.assertRaisesRegex(ValidationError, "not the provider's"):
                self.provider.groupbuy_base_url = url

    def test_addresses_are_scheme_and_host(self):
        for url in (
            "ftp://127.0.0.1",
            "127.0.0.1:80",
            "https://",
            "https://a.example/path",
            "https://me@a.example",
            "https://a.example?x=1",
            "https://a.example:x",
        ):
            with self.assertRaisesRegex(ValidationError, "scheme and a host"):
                self.provider.groupbuy_base_url = url

    def test_keys_are_checked_when_they_are_entered(self):
        for values, words in (
            ({"wechat_private_key": "x"}, "cannot be read"),
            ({"wechat_public_key": "x"}, "cannot be read"),
            ({"wechat_apiv3_key": "short"}, "32 characters"),
            ({"wechat_public_key": False}, "public key"),
            ({"wechat_public_key_id": False}, "belong together"),
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(ValidationError, words),
                self.env.cr.savepoint(),
            ):
                self.provider.write(values)

    def test_keys_may_lose_their_line_breaks(self):
        """A password field of a browser drops them."""
        pem = private_pem(make_key("merchant"))
        self.provider.wechat_private_key = pem.replace("\n", "")
        self._start()
        self.assertEqual(len(self.bank.orders), 1)

    def test_a_provider_that_is_not_set_up_says_so(self):
        other = self.env["payment.provider"].create(
            {"name": "Other", "code": "wechat_pay"}
        )
        with self.assertRaisesRegex(UserError, "not set up"):
            other._wechat_request("GET", "/v3/certificates")

    def test_uninvolved_providers_are_left_alone(self):
        """Every override is guarded by the provider's code."""
        other = self.env["payment.provider"].create(
            {"name": "Other", "code": "none", "company_id": self.company.id}
        )
        other.payment_method_ids = self.env.ref("payment.payment_method_unknown")
        order = self._join(self.campaign, self.ann, 1)
        self.provider, provider = other, self.provider
        tx = self._create_payment(order)
        self.provider = provider
        self.assertFalse(tx.groupbuy_out_trade_no)
        self.assertFalse(tx.groupbuy_expires_at)
        self.assertEqual(tx._get_specific_rendering_values({}), {})
        self.assertEqual(tx._extract_amount_data({}), {})
        self.assertEqual(tx._extract_reference("none", {"reference": "x"}), "x")
        self.assertEqual(other._get_default_payment_method_codes(), set())
        self.assertEqual(other._get_reset_values(), {})
        self.assertEqual(other.support_refund, "none")
        self._ask()
        self.assertFalse(self.bank.requests)


@tagged("post_install", "-at_install")
class TestWechatCertificate(WechatCommon):
    """Platform certificates instead of the public key."""

    def setUp(self):
        super().setUp()
        self.provider.write(
            {
                "wechat_verify_mode": "certificate",
                "wechat_public_key_id": False,
                "wechat_public_key": False,
            }
        )
        self.bank.use_certificate("first")

    def _count_downloads(self):
        return self.bank.requests.count(("GET", "/v3/certificates"))

    def test_certificates_are_fetched_when_they_are_needed(self):
        tx = self._start()
        self.assertEqual(self.bank.serial, self.provider.wechat_certificate_ids.serial)
        self.bank.pay(tx.groupbuy_out_trade_no)
        self.assertEqual(self._hear_paid(tx), 204)
        self.assertEqual(tx.state, "done")
        self.assertEqual(self._count_downloads(), 1)

    def test_a_new_certificate_is_fetched_while_the_old_one_is_valid(self):
        tx = self._start(quantity=1)
        self.bank.pay(tx.groupbuy_out_trade_no)
        old = self.bank.notify_paid(tx.groupbuy_out_trade_no)
        self.bank.use_certificate("second")
        with self._later(minutes=11):
            other = self._start(quantity=2)
            self.bank.pay(other.groupbuy_out_trade_no)
            self.assertEqual(self._hear_paid(other), 204)
        self.assertEqual(len(self.provider.wechat_certificate_ids), 2)
        self.assertEqual(self._post(old).status_code, 204)
        self.assertEqual((tx + other).mapped("state"), ["done", "done"])

    def test_unknown_serial_numbers_ask_once(self):
        """However many messages arrive that nobody has signed."""
        tx = self._start()
        self.bank.pay(tx.groupbuy_out_trade_no)
        with self._later(minutes=11):
            for number in range(50):
                status = self._hear_paid(tx, serial=f"{number:040X}")
                self.assertEqual(status, 401)
        self.assertEqual(self._count_downloads(), 2)
        self.assertEqual(tx.state, "draft")

    def test_certificates_that_another_key_sealed_are_not_believed(self):
        self.provider.wechat_apiv3_key = "another0another0another0another0"
        with self.assertRaises(wechat_pay.UnknownOutcome):
            self._start()
        self.assertFalse(self.provider.wechat_certificate_ids)

    def test_expired_certificates_verify_nothing(self):
        tx = self._start()
        self.bank.pay(tx.groupbuy_out_trade_no)
        self.provider.wechat_certificate_ids.valid_to = "2020-01-01"
        with mute_logger("odoo.addons.groupbuy_payment.models"):
            self.assertEqual(self._hear_paid(tx), 401)
        self.assertEqual(tx.state, "draft")

    def test_the_cron_fetches_what_will_be_needed(self):
        self._run_cron("groupbuy_payment.certificate_cron")
        self.assertEqual(self.bank.serial, self.provider.wechat_certificate_ids.serial)

    def test_both_kinds_are_accepted_during_the_change(self):
        self._start()
        self.provider.write(
            {
                "wechat_verify_mode": "public_key",
                "wechat_public_key_id": "PUB_KEY_ID_2",
                "wechat_public_key": public_pem(make_key("public")),
            }
        )
        tx = self._start()
        self.bank.key, self.bank.serial = make_key("public"), "PUB_KEY_ID_2"
        self.bank.pay(tx.groupbuy_out_trade_no)
        self.assertEqual(self._hear_paid(tx), 204)
        self.assertEqual(tx.state, "done")
