import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .alipay_common import APP_ID, AlipayCommon, make_key
from .payout_common import PayoutCommon


@tagged("post_install", "-at_install")
class TestPayoutReturn(PayoutCommon):
    """Payouts that the bank has paid, and returns days later."""

    def setUp(self):
        super().setUp()
        self.company.groupbuy_payout_fee_fixed = 2
        self._earn(self.leader, 60)
        self._earn(self.leader, 40)
        self.payout = self._request(self.leader, 70, self._add_account(self.leader))
        self._send(self.payout)
        self.payout = self.payout.with_user(self.operator)

    def _get_balances(self):
        company = self.company
        fees = company.groupbuy_payout_fee_account_id
        transit = company.groupbuy_transit_account_id
        return [
            sum(
                self.env["account.move.line"]
                .search(
                    [("account_id", "=", account.id), ("parent_state", "=", "posted")]
                )
                .mapped("balance")
            )
            for account in (fees, transit)
        ]

    def _get_broken_rules(self):
        rules = self.env["groupbuy.money"].with_user(self.operator).check_books()
        # What these payees have earned is nobody's expense here.
        names = ("payouts", "pending", "settlements")
        return [rule for rule in rules if rule["name"] in names and not rule["ok"]]

    def _get_transit(self):
        """:return: the dashboard's tile, which equals the general ledger"""
        tiles = self.env["groupbuy.money"].with_user(self.operator).get_dashboard()
        [transit] = [own for own in tiles["tiles"] if own["name"] == "transit"]
        self.assertTrue(transit["ok"], transit)
        return transit

    def _match(self, payment):
        """A statement of the bank shows that the money has left."""
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": payment.journal_id.id,
                "amount": -payment.amount,
                "payment_ref": payment.memo,
            }
        )
        _liquidity, suspense, _other = line._seek_for_lines()
        suspense.account_id = payment.outstanding_account_id
        item = payment.move_id.line_ids.filtered(
            lambda item: item.account_id == payment.outstanding_account_id
        )
        (item | suspense).reconcile()

    def test_bills_are_open_again(self):
        self.payout.action_mark_paid("B-1")
        self.assertEqual(self._get_balances(), [-2, -68])
        self.payout.action_came_back("Account closed")
        payout = self.payout.sudo()
        self.assertEqual((payout.state, payout.reason), ("returned", "Account closed"))
        self.assertEqual(self._get_payable(self.leader), 100)
        self.assertEqual(self._get_available(self.leader), 100)
        # Neither the money nor the fee is anywhere else now.
        self.assertEqual(self._get_balances(), [0, 0])
        settlements = self.env["groupbuy.settlement"].search(
            [("payee_id", "=", self.leader.partner_id.id)]
        )
        self.assertEqual(set(settlements.mapped("state")), {"posted"})
        self.assertEqual(sum(settlements.mapped("amount_open")), 100)
        self.assertTrue(payout.return_is_matched)
        self.assertEqual(self._get_broken_rules(), [])
        self.assertEqual(self._get_transit()["amount"], 0)

    def test_it_can_be_paid_again(self):
        self.payout.action_mark_paid()
        self.payout.action_came_back("Account closed")
        again = self._request(self.leader, 100, self.payout.sudo().account_id)
        self._send(again)
        again.with_user(self.operator).action_mark_paid()
        self.assertEqual(self._get_payable(self.leader), 0)
        self.assertEqual(self._get_balances(), [-2, -98])
        self.assertEqual(self._get_broken_rules(), [])

    def test_what_a_statement_shows_stays_in_transit_until_another_does(self):
        self.payout.action_mark_paid()
        payment = self.payout.sudo().payment_id
        self._match(payment)
        self.assertTrue(payment.is_matched)
        self.assertEqual(self._get_balances(), [-2, 0])
        self.payout.action_came_back("Account closed")
        self.assertTrue(payment.is_matched)
        self.assertEqual(self._get_balances(), [0, 68])
        self.assertFalse(self.payout.sudo().return_is_matched)
        self.assertEqual(self._get_available(self.leader), 100)
        self.assertEqual(self._get_broken_rules(), [])
        transit = self._get_transit()
        self.assertEqual(transit["amount"], -68)
        listed = self.env["groupbuy.payout"].search(transit["action"]["domain"])
        self.assertIn(self.payout.sudo(), listed)

    def test_who_and_when(self):
        with self.assertRaises(UserError):
            self.payout.action_came_back("It has not been paid")
        self.payout.action_mark_paid()
        for reason in ("", "  ", None, 7, ["x"]):
            with self.subTest(reason=reason), self.assertRaises(UserError):
                self.payout.action_came_back(reason)
        with self.assertRaises(AccessError):
            self.payout.with_user(self.leader).action_came_back("Mine")
        self.payout.action_came_back("Account closed")
        with self.assertRaises(UserError):
            self.payout.action_came_back("Twice")
        self.assertEqual(self._get_payable(self.leader), 100)

    def test_transfers_come_back_when_their_provider_says_so(self):
        self.payout.sudo().method = "wechat"
        self.payout.sudo()._pay("W-1")
        with self.assertRaises(UserError):
            self.payout.action_came_back("Somebody says so")

    def test_wizard(self):
        self.payout.action_mark_paid()
        wizard = self.env["groupbuy.payout.reason"].with_user(self.operator)
        wizard.create(
            {
                "payout_ids": self.payout.ids,
                "outcome": "returned",
                "reason": "Account closed",
            }
        ).action_confirm()
        self.assertEqual(self.payout.state, "returned")

    def test_banks_answer(self):
        batch = self.payout.batch_id.with_user(self.operator)

        def answer(result, reason=""):
            rows = f"Payout,Result,Reason\n{self.payout.name},{result},{reason}\n"
            return batch._import_answer("answer.csv", rows.encode())

        self.assertEqual(answer("已付款")["paid"], 1)
        self.assertEqual(self.payout.state, "paid")
        with self.assertRaises(UserError):
            answer("失败")
        self.assertEqual(self.payout.state, "paid")
        counts = answer("退票", "户名不符")
        self.assertEqual(counts, {"paid": 0, "failed": 0, "returned": 1})
        self.assertEqual(
            (self.payout.state, self.payout.reason), ("returned", "户名不符")
        )
        self.assertEqual(set(answer("退票").values()), {0})
        self.assertEqual(self._get_payable(self.leader), 100)


@tagged("post_install", "-at_install")
class TestAlipayTransferMessage(AlipayCommon, HttpCase):
    """Alipay tells that a transfer has changed; what has become of it, it is asked."""

    def setUp(self):
        super().setUp()
        self.company._groupbuy_ensure_books()
        account = self.env["groupbuy.payee.account"].create(
            {
                "partner_id": self.ann.partner_id.id,
                "kind": "alipay",
                "holder": "Sample Holder",
                "number": "13800000000",
            }
        )
        self.payout = self.env["groupbuy.payout"].create(
            {
                "name": "PO0000000001",
                "company_id": self.company.id,
                "payee_id": self.ann.partner_id.id,
                "account_id": account.id,
                "method": "alipay",
                "amount": 12.5,
                "state": "sent",
                "provider_id": self.provider.id,
            }
        )
        self._tell("SUCCESS")

    def _tell(self, status):
        """From now on this is what Alipay answers."""
        self.desk.transfers[self.payout.name] = {
            "out_biz_no": self.payout.name,
            "order_id": "2026010100001",
            "trans_amount": "12.50",
            "status": status,
            "fail_reason": "RETURNED" if status == "REFUND" else None,
        }

    def _message(self, key=None, left_out=("sign", "sign_type"), **changes):
        values = {
            "notify_id": "2026010100000000000000000000000001",
            "utc_timestamp": "1767225600000",
            "msg_method": "alipay.fund.trans.order.changed",
            "app_id": APP_ID,
            "version": "1.1",
            "charset": "UTF-8",
            "sign_type": "RSA2",
            "biz_content": json.dumps(
                {"out_biz_no": self.payout.name, "status": "SUCCESS"}
            ),
            **changes,
        }
        return self.desk.sign(values, key, left_out=left_out)

    def _notify(self, values):
        """:return: Alipay hears `success`"""
        self.env.flush_all()
        response = self.url_open(
            "/payment/alipay/notify",
            data=self._read_form(values),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        self.env.invalidate_all()
        self._run_jobs()
        return (response.status_code, response.text) == (200, "success")

    def test_it_is_asked_and_paid_once(self):
        for left_out in (("sign", "sign_type"), ("sign",)):
            self.assertTrue(self._notify(self._message(left_out=left_out)))
            self.assertEqual(self.payout.state, "paid")
        self.assertEqual(self.payout.provider_reference, "2026010100001")
        self.assertEqual(set(self.desk.requests), {"alipay.fund.trans.common.query"})

    def test_what_it_says_itself_is_not_believed(self):
        self._tell("DEALING")
        self.assertTrue(self._notify(self._message()))
        self.assertEqual(self.payout.state, "sent")

    def test_it_comes_back_after_it_was_paid(self):
        self._notify(self._message())
        self.assertTrue(self.payout.payment_id)
        self._tell("REFUND")
        self.assertTrue(self._notify(self._message()))
        self.assertEqual(
            (self.payout.state, self.payout.reason), ("returned", "RETURNED")
        )
        self.assertTrue(self.payout.return_move_id)
        # Nothing that is said later changes that.
        self._tell("SUCCESS")
        self._notify(self._message())
        self.assertEqual(self.payout.state, "returned")

    @mute_logger("odoo.addons.groupbuy_payment.controllers.alipay")
    def test_what_alipay_has_not_signed_is_refused(self):
        other, _pem, _public = make_key()
        for values in (
            self._message(key=other),
            {**self._message(), "app_id": "2021000000000002"},
            {**self._message(), "biz_content": "{}"},
            {**self._message(), "msg_method": "alipay.trade.changed"},
        ):
            self.assertFalse(self._notify(values))
        self.assertFalse(self.desk.requests)
        self.assertEqual(self.payout.state, "sent")

    def test_others_transfers_are_none_of_ours(self):
        for content in ('{"out_biz_no": "BY-HAND"}', "{}", "[]", "nothing", '"text"'):
            self.assertTrue(self._notify(self._message(biz_content=content)))
        self.assertFalse(self.desk.requests)
