from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .payout_common import CARD, OPENID, PayoutCommon


@tagged("post_install", "-at_install")
class TestPayeeAccount(PayoutCommon):
    def setUp(self):
        super().setUp()
        self._earn(self.leader, 100)
        self.accounts = self.env["groupbuy.payee.account"]

    def test_number_is_sealed_and_seen_by_its_end_only(self):
        account = self._add_account(self.leader)
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT to_jsonb(a)::text FROM groupbuy_payee_account a WHERE id = %s",
            [account.id],
        )
        self.assertNotIn(CARD, self.env.cr.fetchone()[0])
        self.assertNotIn(CARD, str(account.message_ids.mapped("body")))
        own = account.with_user(self.leader)
        self.assertEqual(own.read(["masked"])[0]["masked"], f"••••\xa0{CARD[-4:]}")
        for name in ("number", "number_sealed"):
            with self.assertRaises(AccessError):
                own.read([name])
        self.assertEqual(account.with_user(self.operator).number, CARD)
        with self.assertRaises(AccessError):
            account.with_user(self.operator).read(["number_sealed"])

    def test_numbers_are_checked(self):
        normalize = self.accounts._normalize_number
        self.assertEqual(normalize("bank", "6222 0200 0000 0000 018"), CARD)
        self.assertEqual(normalize("wechat", OPENID), OPENID)
        for number in ("13800000000", "2088000000000001", "a.b@example.com"):
            self.assertEqual(normalize("alipay", number), number)
        self.assertEqual(normalize("bank", "3700-0000-01", True), "3700000001")
        wrong = [
            ("bank", CARD[:-1] + "7"),
            ("bank", "62220200"),
            ("bank", "6" * 20),
            ("bank", "６２２２０２０００００００００００１８"),
            ("bank", ""),
            ("bank", None),
            ("bank", 6222020000000000018),
            ("wechat", "short"),
            ("wechat", "o" * 65),
            ("wechat", "' OR 1=1 --             "),
            ("alipay", "12345"),
            ("alipay", "a@b"),
            ("alipay", "23800000000"),
        ]
        for kind, number in wrong:
            with self.subTest(kind=kind, number=number):
                with self.assertRaises(ValidationError):
                    normalize(kind, number)
        with self.assertRaises(ValidationError):
            normalize("bank", "1234567", True)

    def test_only_payees_add_accounts(self):
        with self.assertRaises(AccessError):
            self._add_account(self.stranger)

    def test_bad_input_is_refused(self):
        add = self.accounts.with_user(self.leader).add
        for arguments in (
            ("cash", "A", CARD, "Bank"),
            ("bank", "", CARD, "Bank"),
            ("bank", "A", CARD, ""),
            ("bank", "A", CARD, "Bank", "", True),
            ("bank", "A" * 101, CARD, "Bank"),
            (None, "A", CARD),
            ("bank", ["A"], CARD, "Bank"),
            ("bank", "A", {"x": 1}, "Bank"),
        ):
            with self.subTest(arguments=arguments):
                with self.assertRaises(UserError):
                    add(*arguments)
        self.assertFalse(self.accounts.search([]))

    def test_kinds_that_are_not_offered_are_refused(self):
        self.company.groupbuy_payout_alipay = False
        with self.assertRaises(UserError):
            self._add_account(self.leader, "alipay")

    def test_same_account_twice_is_refused(self):
        self._add_account(self.leader)
        with self.assertRaises(ValidationError):
            self._add_account(self.leader)
        # Another payee may have it too: couples share accounts.
        self._earn(self.stranger, 5)
        self._add_account(self.stranger)

    def test_one_account_is_the_default(self):
        first = self._add_account(self.leader)
        second = self._add_account(self.leader, "wechat")
        self.assertTrue(first.is_default)
        second.with_user(self.leader).set_default()
        self.assertEqual((first.is_default, second.is_default), (False, True))
        with self.assertRaises(AccessError):
            first.with_user(self.stranger).set_default()

    def test_others_do_not_see_or_change_it(self):
        account = self._add_account(self.leader)
        foreign = account.with_user(self.stranger)
        self.assertFalse(self.accounts.with_user(self.stranger).search([]))
        for call in (
            lambda: foreign.read(["masked"]),
            foreign.remove,
            foreign.action_check,
            lambda: account.with_user(self.leader).action_check(),
            lambda: account.with_user(self.leader).write({"holder": "X"}),
            lambda: self.accounts.with_user(self.leader).create({"number": CARD}),
            lambda: self.accounts.with_user(self.leader).browse(2**31 - 1).remove(),
        ):
            with self.assertRaises(AccessError):
                call()

    def test_number_never_changes_and_a_new_name_is_checked_again(self):
        account = self._add_account(self.leader)
        operators = account.with_user(self.operator)
        with self.assertRaises(UserError):
            operators.number = "6217000000000000029"
        operators.holder = "Another Name"
        self.assertEqual(account.state, "new")
        operators.action_check()
        self._request(self.leader, 10, account)
        with self.assertRaises(UserError):
            operators.holder = "A Third Name"

    def test_refusing_needs_a_reason(self):
        account = self._add_account(self.leader, checked=False)
        with self.assertRaises(UserError):
            account.with_user(self.operator).action_refuse()
        with Form(account.with_user(self.operator)) as form:
            form.note = "The name is another one."
        account.with_user(self.operator).action_refuse()
        self.assertEqual(account.state, "refused")
        with self.assertRaises(UserError):
            self._request(self.leader, 10, account)

    def test_removing_waits_for_the_money(self):
        account = self._add_account(self.leader)
        payout = self._request(self.leader, 10, account)
        with self.assertRaises(UserError):
            account.with_user(self.leader).remove()
        payout.with_user(self.leader).action_cancel()
        account.with_user(self.leader).remove()
        self.assertFalse(account.active)
        self.assertEqual(account.payout_ids, payout)
