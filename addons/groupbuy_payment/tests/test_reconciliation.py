import hashlib
from datetime import UTC, datetime, time, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..protocols.alipay import CHINA
from ..protocols.errors import Refused, UnknownOutcome
from . import bill_writer
from .alipay_common import AlipayCommon, make_key

WRITERS = {
    ("alipay", "trade"): bill_writer.write_alipay_trade,
    ("alipay", "fund"): bill_writer.write_alipay_fund,
    ("wechat_pay", "trade"): bill_writer.write_wechat_trade,
    ("wechat_pay", "fund"): bill_writer.write_wechat_fund,
}


class ReconciliationCommon(AlipayCommon):
    """It is noon in China, tomorrow; bills come the day after, at ten."""

    def setUp(self):
        tomorrow = datetime.now(CHINA).date() + timedelta(days=1)
        self.day = tomorrow
        self.clock = self.enterContext(freeze_time(self._at(tomorrow, 12)))
        super().setUp()
        self.bill_model = self.env["groupbuy.bill"]
        # Others of this database do not take part.
        self.bill_model.search([]).unlink()

    def _at(self, date, hour, minute=0):
        """:return: a moment by China's clock, in UTC without time zone"""
        moment = datetime.combine(date, time(hour, minute), CHINA)
        return moment.astimezone(UTC).replace(tzinfo=None)

    def _go_to(self, days, hour, minute=0):
        self.env.flush_all()
        date = self.day + timedelta(days=days)
        self.clock.move_to(self._at(date, hour, minute))

    def _get_movements(self, transactions):
        """:return: what the provider knows of these; a copy to spoil"""
        movements = []
        for tx in transactions:
            refund = tx.operation == "refund"
            source = tx.source_transaction_id or tx
            fen = tx._groupbuy_get_fen()
            movements.append(
                {
                    "kind": "refund" if refund else "payment",
                    "number": tx.groupbuy_out_trade_no,
                    "payment": source.groupbuy_out_trade_no,
                    "theirs": tx.provider_reference or f"T{tx.id}",
                    "fen": fen,
                    "fee": fen * 6 // 1000,
                }
            )
        return movements

    def _put(self, movements, days=0, kinds=("trade", "fund")):
        """Lay a day's bills out for download."""
        date = self.day + timedelta(days=days)
        for kind in kinds:
            word = {"trade": "trade", "fund": "signcustomer"}[kind]
            url = f"https://bill.alipay.com/{word}/{date}"
            self.desk.files[url] = WRITERS["alipay", kind](movements)

    def _reconcile(self):
        self._run_cron("groupbuy_payment.bill_cron")
        return self.bill_model.search([("provider_id", "=", self.provider.id)])

    def _get_differences(self, bills):
        return sorted(
            (
                own.bill_id.kind,
                own.kind,
                round(own.provider_amount, 2),
                round(own.our_amount, 2),
            )
            for own in bills.difference_ids
        )


@tagged("post_install", "-at_install")
class TestReconciliation(ReconciliationCommon):
    """What the bills say and what we say is the same, or it is a difference."""

    def setUp(self):
        super().setUp()
        self.orders = self._buy(self.campaign, self.ann, 2)
        self.orders |= self._buy(self.campaign, self.ben, 3)
        self.orders |= self._buy(self.campaign, self.cem, 1)
        self.payments = self.orders.transaction_ids
        self.orders[1].action_groupbuy_cancel()
        self._run_jobs()
        self.refund = self.payments.child_transaction_ids
        self.assertEqual(self.refund.state, "done")
        self.all = self.payments | self.refund

    def test_a_day_that_agrees(self):
        movements = self._get_movements(self.all)
        self._put(movements)
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertEqual(bills.mapped("state"), ["matched", "matched"])
        self.assertEqual(set(bills.mapped("date")), {self.day})
        self.assertFalse(bills.difference_ids)
        for bill in bills:
            self.assertEqual((bill.payment_count, bill.refund_count), (3, 1))
            self.assertEqual((bill.payment_amount, bill.refund_amount), (60, 30))
            fee = sum(own["fee"] for own in movements if own["kind"] == "payment")
            back = movements[-1]["fee"]
            self.assertAlmostEqual(bill.fee_amount, (fee - back) / 100)
        trade = bills.filtered(lambda bill: bill.kind == "trade")
        self.assertEqual(self.all.groupbuy_trade_bill_id, trade)
        self.assertEqual(self.all.groupbuy_fund_bill_id, bills - trade)
        requests = len(self.desk.requests)
        self._reconcile()
        self.assertEqual(len(self.desk.requests), requests, "once is enough")

    def test_not_before_ten(self):
        self._put(self._get_movements(self.all))
        self._go_to(1, 9, 59)
        self.assertFalse(self._reconcile())
        self._go_to(1, 10)
        self.assertEqual(len(self._reconcile()), 2)

    def test_every_difference_is_found(self):
        for position, own in enumerate(self.all):
            sign = 1 if own in self.payments else -1
            amount = own.amount
            for change, expected in (
                ({"fen": 1}, [("amount", amount + sign * 0.01, amount)]),
                ({"fen": -1}, [("amount", amount - sign * 0.01, amount)]),
                ("missing", [("missing_there", 0, amount)]),
                ("twice", [("missing_here", amount, 0)]),
                ("extra", [("missing_here", sign * 0.05, 0)]),
            ):
                movements = self._get_movements(self.all)
                spoiled = movements[position]
                if isinstance(change, dict):
                    spoiled["fen"] += change["fen"]
                elif change == "missing":
                    movements.pop(position)
                elif change == "twice":
                    movements.append(spoiled)
                else:
                    names = dict.fromkeys(("number", "payment", "theirs"), "X1")
                    movements.append({**spoiled, **names, "fen": 5, "fee": 0})
                self._put(movements)
                with self.subTest(change=change, number=own.reference):
                    with freeze_time(self._at(self.day + timedelta(days=1), 11)):
                        bills = self._reconcile()
                        found = self._get_differences(bills)
                        expected = [
                            (k, *e) for k in ("fund", "trade") for e in expected
                        ]
                        self.assertEqual(
                            [(k, d, round(p, 2), round(o, 2)) for k, d, p, o in found],
                            [
                                (k, d, round(p, 2), round(o, 2))
                                for k, d, p, o in expected
                            ],
                        )
                        self.assertEqual(set(bills.mapped("state")), {"differences"})
                        self.assertTrue(all(bills.difference_ids.mapped("advice")))
                        bills.unlink()

    def test_missed_notification_is_repaired(self):
        tx = self._start(self.dot, 4)
        self.desk.pay(tx)
        self._put(self._get_movements(self.all | tx))
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertEqual(tx.state, "done")
        self.assertEqual(bills.mapped("state"), ["matched", "matched"])
        difference = bills.difference_ids
        self.assertEqual((difference.kind, difference.state), ("state", "repaired"))
        self.assertEqual(difference.transaction_id, tx)

    @mute_logger("odoo.addons.community_groupbuy.models.payment_transaction")
    def test_refund_whose_answer_was_lost_is_repaired(self):
        self.desk.faults = ["after"]
        self.orders[0].action_groupbuy_cancel()
        self._run_jobs()
        refund = self._get_refunds(self.orders[0])
        self.assertEqual(refund.state, "error")
        self._put(self._get_movements(self.all | refund))
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertEqual(refund.state, "done")
        self.assertEqual(bills.difference_ids.mapped("state"), ["repaired"])
        self.assertEqual(self.desk.get_refunded(self.payments[0]), 2000)

    def test_what_the_provider_does_not_confirm_stays_open(self):
        tx = self._start(self.dot, 4)
        self._put(self._get_movements(self.all | tx), kinds=["trade"])
        self._put(self._get_movements(self.all), kinds=["fund"])
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertEqual(self._get_differences(bills), [("trade", "state", 40, 40)])
        difference = bills.difference_ids
        self.assertEqual(difference.state, "open")
        difference.action_repair()
        self.assertEqual(difference.state, "open")
        self.desk.pay(tx)
        difference.action_repair()
        self.assertEqual((difference.state, tx.state), ("repaired", "done"))

    def test_heard_of_after_midnight(self):
        """On the bill of the day before, and missed on none."""
        self._go_to(0, 23, 58)
        tx = self._start(self.dot, 4)
        self.desk.pay(tx)
        self._go_to(1, 0, 1)
        tx._groupbuy_query()
        self.assertEqual(tx.state, "done")
        self._put(self._get_movements(self.all | tx))
        self._put([], days=1)
        self._go_to(1, 11)
        self._reconcile()
        self._go_to(2, 11)
        bills = self._reconcile()
        self.assertEqual(bills.mapped("state"), ["matched"] * 4)
        self.assertFalse(bills.difference_ids)

    def test_our_clock_is_fast(self):
        """What we note just before midnight may be on the next day's bill."""
        self._go_to(0, 23, 55)
        order = self._buy(self.campaign, self.dot, 4)
        self._put(self._get_movements(self.all))
        self._put(self._get_movements(order.transaction_ids), days=1)
        self._go_to(2, 11)
        bills = self._reconcile()
        self.assertEqual(bills.mapped("state"), ["matched"] * 4)
        self.assertFalse(bills.difference_ids)

    def test_what_was_missed_turns_up(self):
        movements = self._get_movements(self.all)
        self._put(movements[1:])
        self._put(movements[:1], days=1)
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertEqual(
            [own[1] for own in self._get_differences(bills)], ["missing_there"] * 2
        )
        self._go_to(2, 11)
        bills = self._reconcile()
        self.assertEqual(bills.mapped("state"), ["matched"] * 4)
        self.assertEqual(bills.difference_ids.mapped("state"), ["repaired"] * 2)

    def test_outage_is_made_up_for_in_order(self):
        self._put(self._get_movements(self.all))
        for days in (1, 2, 3):
            self._put([], days=days)
        late = f"https://bill.alipay.com/trade/{self.day + timedelta(days=1)}"
        content = self.desk.files[late]
        self.desk.files[late] = b"nonsense"
        self._go_to(4, 11)
        bills = self._reconcile()
        self.assertEqual(len(bills), 8)
        trades = bills.filtered(lambda bill: bill.kind == "trade").sorted("date")
        self.assertEqual(
            trades.mapped("state"), ["matched", "missing", "missing", "missing"]
        )
        self.assertIn("cannot be read", trades[1].error)
        self.assertEqual((bills - trades).mapped("state"), ["matched"] * 4)
        self.desk.files[late] = content
        self._go_to(4, 12)
        bills = self._reconcile()
        self.assertEqual(bills.mapped("state"), ["matched"] * 8)
        self.assertFalse(any(bills.mapped("error")))

    def test_bill_that_does_not_come(self):
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertEqual(bills.mapped("state"), ["missing"] * 2)
        self.assertIn("isp.bill_not_exist", bills[0].error)
        # A day without anything has no bill, and none is waited for.
        self._go_to(3, 11)
        bills = self._reconcile().filtered(lambda bill: bill.date == self.day)
        self.assertEqual(bills.mapped("state"), ["differences"] * 2)
        self.assertEqual(set(bills.difference_ids.mapped("kind")), {"missing_there"})
        self.assertEqual(len(bills.difference_ids), 8)
        quiet = self._reconcile() - bills
        self.assertEqual(quiet.mapped("state"), ["matched"] * 4)

    def test_matching_again_keeps_what_was_decided(self):
        movements = self._get_movements(self.all)
        foreign = {**movements[0], "number": "X", "payment": "X", "fee": 0}
        self._put([*movements, foreign])
        self._go_to(1, 11)
        bills = self._reconcile()
        differences = bills.difference_ids
        self.assertEqual(len(differences), 2)
        differences.note = "Paid at the counter"
        differences.action_accept()
        self.assertEqual(bills.mapped("state"), ["matched"] * 2)
        bills.action_download()
        self.assertEqual(bills.difference_ids, differences)
        self.assertEqual(differences.mapped("state"), ["accepted"] * 2)
        self.assertEqual(self.all.groupbuy_trade_bill_id, bills.sorted("kind")[1])

    def test_unknown_fee(self):
        movements = self._get_movements(self.all)
        foreign = {**movements[0], "number": "X", "payment": "X", "fee": 7}
        self._put(movements, kinds=["trade"])
        self._put([*movements, foreign], kinds=["fund"])
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertIn(("fund", "extra_fee", -0.07, 0), self._get_differences(bills))

    def test_download_from_elsewhere_is_refused(self):
        answer = {"bill_download_url": "http://bill.example.com/"}
        self._go_to(1, 11)
        with patch.object(
            self.desk, "data_dataservice_bill_downloadurl_query", lambda _body: answer
        ):
            bills = self._reconcile()
        self.assertEqual(bills.mapped("state"), ["missing"] * 2)
        self.assertIn("FOREIGN_ADDRESS", bills[0].error)

    # === PEOPLE === #

    def test_operators(self):
        operator = new_test_user(
            self.env, "gb_bill_operator", "community_groupbuy.group_operator"
        )
        bill_model = self.bill_model.with_user(operator)
        movements = self._get_movements(self.all)
        self._put(movements[1:])
        self._go_to(1, 9)
        bill_model.action_download_missing()
        bills = bill_model.search([("provider_id", "=", self.provider.id)])
        self.assertEqual(bills.mapped("state"), ["differences"] * 2)
        self.assertIn("Alipay", bills[0].display_name)
        difference = bills.difference_ids[0]
        self.assertTrue(difference.read())
        with self.assertRaises(UserError):
            difference.action_repair()
        with self.assertRaises(UserError):
            difference.action_accept()
        difference.note = "Asked Alipay"
        difference.action_accept()
        self.assertEqual(difference.state, "accepted")
        self.assertEqual(difference.decided_by, operator)
        with self.assertRaises(UserError):
            difference.action_accept()
        for vals in ({"state": "open"}, {"our_amount": 0}, {"kind": "amount"}):
            with self.assertRaises(AccessError):
                difference.write(vals)
        with self.assertRaises(AccessError):
            bills.write({"matched_at": False})
        with self.assertRaises(AccessError):
            bills.unlink()

    def test_the_day_must_be_over(self):
        bill = self.bill_model.create(
            {"provider_id": self.provider.id, "date": self.day, "kind": "trade"}
        )
        with self.assertRaises(UserError):
            bill.action_download()

    def test_nobody_else(self):
        self._put(self._get_movements(self.all)[1:])
        self._go_to(1, 11)
        bills = self._reconcile()
        for user in (self.ann, new_test_user(self.env, "gb_staff", "base.group_user")):
            own = bills.with_user(user)
            for call in (
                own.read,
                own.action_download,
                own.action_download_missing,
                bills.difference_ids.with_user(user).action_repair,
                bills.difference_ids.with_user(user).action_accept,
                bills.difference_ids.with_user(user).read,
            ):
                with self.assertRaises(AccessError):
                    call()


@tagged("post_install", "-at_install")
class TestWechatReconciliation(ReconciliationCommon):
    """WeChat Pay's bills: their hash, and its own numbers among the funds."""

    @classmethod
    def _set_up_bank(cls):
        res = super()._set_up_bank()
        _key, private, _public = make_key()
        cls.provider = cls._get_provider("wechat_pay")
        cls.method = cls.env.ref("payment.payment_method_wechat_pay")
        cls.provider.write(
            {
                "wechat_appid": "wx0000000000000001",
                "wechat_mchid": "1900000001",
                "wechat_serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
                "wechat_private_key": private,
                "wechat_apiv3_key": "0123456789abcdef0123456789abcdef",
                "wechat_verify_mode": "public_key",
                "wechat_public_key_id": "PUB_KEY_ID_0000000000000000",
                "wechat_public_key": cls.alipay_public_pem,
                "state": "test",
            }
        )
        return res

    def setUp(self):
        super().setUp()
        self.files = {}
        self.hash = None
        provider_class = type(self.provider)
        self.patch(provider_class, "_wechat_request", self._answer)
        self.patch(provider_class, "_wechat_download", self._serve)
        self.all = self._start(self.ann, 2) | self._start(self.ben, 3)
        for tx in self.all:
            tx.provider_reference = f"42000{tx.id}"
            tx._set_done()
        refund = self.all[0]._create_child_transaction(5.5, is_refund=True)
        refund.provider_reference = f"50300{refund.id}"
        refund._set_done()
        self.all |= refund

    def _answer(self, method, path, body=None, params=None):
        self.assertEqual(method, "GET")
        key = path.removeprefix("/v3/bill/"), params["bill_date"]
        content = self.files.get(key)
        if content is None:
            raise Refused("NO_STATEMENT_EXIST", "No bill")
        if content == "later":
            raise UnknownOutcome("STATEMENT_CREATING")
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        return {
            "hash_type": "SHA1",
            "hash_value": self.hash or digest,
            "download_url": repr(key),
        }

    def _serve(self, url):
        return next(content for key, content in self.files.items() if repr(key) == url)

    def _put(self, movements, days=0, kinds=("trade", "fund")):
        date = str(self.day + timedelta(days=days))
        for kind in kinds:
            name = {"trade": "tradebill", "fund": "fundflowbill"}[kind]
            self.files[name, date] = WRITERS["wechat_pay", kind](movements)

    def test_a_day_that_agrees(self):
        self._put(self._get_movements(self.all))
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertFalse(bills.difference_ids)
        self.assertEqual(bills.mapped("state"), ["matched"] * 2)
        for bill in bills:
            self.assertEqual((bill.payment_amount, bill.refund_amount), (50, 5.5))

    def test_every_difference_is_found(self):
        movements = self._get_movements(self.all)
        movements[0]["fen"] += 1
        movements[2]["fen"] -= 1
        extra = {**movements[1], "number": "X", "payment": "X", "theirs": "X", "fee": 0}
        movements[1] = extra
        self._put(movements)
        self._go_to(1, 11)
        found = self._get_differences(self._reconcile())
        expected = [
            ("amount", -5.49, -5.5),
            ("amount", 20.01, 20),
            ("missing_here", 30, 0),
            ("missing_there", 0, 30),
        ]
        self.assertEqual(
            found,
            [(kind, *own) for kind in ("fund", "trade") for own in expected],
        )

    def test_funds_by_our_number(self):
        """Where the funds name a payment for a refund, the voucher tells which."""
        movements = self._get_movements(self.all)
        movements[2] |= {
            "theirs": movements[0]["theirs"],
            "voucher": movements[2]["number"],
        }
        self._put(movements, kinds=["fund"])
        self._put(self._get_movements(self.all), kinds=["trade"])
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertFalse(bills.difference_ids)

    def test_refund_that_did_not_arrive(self):
        movements = self._get_movements(self.all)
        movements[2]["state"] = "CHANGE"
        self._put(movements, kinds=["trade"])
        self._put(self._get_movements(self.all), kinds=["fund"])
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertEqual(
            self._get_differences(bills), [("trade", "failed", -5.5, -5.5)]
        )

    def test_file_that_is_not_the_one_announced(self):
        self._put(self._get_movements(self.all))
        self.hash = "0" * 40
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertEqual(bills.mapped("state"), ["missing"] * 2)
        self.assertIn("not the one announced", bills[0].error)

    def test_bill_that_is_being_made(self):
        self.files = dict.fromkeys(
            [(name, str(self.day)) for name in ("tradebill", "fundflowbill")], "later"
        )
        self._go_to(1, 11)
        bills = self._reconcile()
        self.assertEqual(bills.mapped("state"), ["missing"] * 2)
        self._put(self._get_movements(self.all))
        self._go_to(1, 12)
        self.assertEqual(self._reconcile().mapped("state"), ["matched"] * 2)
