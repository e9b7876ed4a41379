from decimal import Decimal
from functools import partial

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.community_groupbuy.tests.browser_common import BrowserCommon

from .test_settlement import SettlementCommon


class MoneyCommon(SettlementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A company of its own would need goods and a bank of its own: what others have
        # left in this one is counted before.
        cls.money = cls.env["groupbuy.money"].with_user(cls.operator)

    def _get_tiles(self):
        return {tile["name"]: tile for tile in self.money.get_dashboard()["tiles"]}

    def _check(self):
        return {rule["name"]: rule for rule in self.money.check_books()}

    def _get_broken(self):
        return {name for name, rule in self._check().items() if not rule["ok"]}

    def assertProven(self):
        self._run_jobs()
        self._book()
        self._split()
        broken = [rule for rule in self._check().values() if not rule["ok"]]
        self.assertEqual(broken, [])
        for tile in self._get_tiles().values():
            self.assertTrue(tile["ok"], tile)


@tagged("post_install", "-at_install")
class TestMoney(MoneyCommon):
    def test_every_figure_at_every_step(self):
        """One order of 5 leeks and 2 gingers: 90 in all."""
        start = {name: tile["amount"] for name, tile in self._get_tiles().items()}

        def assert_figures(**expected):
            self.assertProven()
            figures = {
                name: self.company.currency_id.round(tile["amount"] - start[name])
                for name, tile in self._get_tiles().items()
            }
            self.assertEqual(
                {name: amount for name, amount in figures.items() if amount}, expected
            )

        campaign = self._create_campaign(self._example(), self._offer(self.ginger, 20))
        order = self._buy(
            campaign, self.ann, {self.leek: 5, self.ginger: 2}, point=self.point
        )
        assert_figures(received=90, held=90)
        self._close(campaign)
        assert_figures(received=90, held=90)
        self._hand_over(order)
        assert_figures(received=90, merchant=42.5, leader=9, platform=38.5)
        self._decide(self._claim(order, self.leek, 1), decision="refund")
        assert_figures(received=90, refunded=10, merchant=34, leader=8, platform=38)
        settlements = self._settle()
        tiles = self._get_tiles()
        parts = {
            part["name"]: part["amount"]
            for part in tiles["merchant"]["parts"]
            if part["name"].startswith("merchant")
        }
        self.assertEqual(parts["merchant_billed"], 34)
        assert_figures(received=90, refunded=10, merchant=34, leader=8, platform=38)
        self._pay_bill(self._get_settlement(settlements, self.merchant))
        assert_figures(received=90, refunded=10, leader=8, platform=38)

    def test_every_figure_opens_what_is_behind_it(self):
        order = self._receive_and_split()
        self._settle(payees=self.leader)
        self.assertProven()
        found = {}
        for name, tile in self._get_tiles().items():
            for part in (tile, *tile["parts"]):
                action = part["action"]
                model = self.env[action["res_model"]].with_user(self.operator)
                found[part["name"]] = model.search(action["domain"])
            self.assertTrue(name)
        self.assertIn(order.transaction_ids, found["received"])
        self.assertIn(self.merchant, found["merchant_unsettled"].payee_id)
        self.assertIn(self.leader, found["leader_billed"].payee_id)
        self.assertNotIn(order, found["held"])

    def test_coupons_cancellations_and_late_money(self):
        self._create_coupon_program("TEN", discount=10)
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 3, code="TEN", point=self.point)
        self._buy(campaign, self.ben, 20, point=self.point)
        cancelled = self._buy(campaign, self.cem, 1, point=self.point)
        cancelled.with_user(self.cem).action_groupbuy_cancel()
        self._pay(order)  # twice
        self.assertProven()
        self._close(campaign)
        self.assertProven()
        self._hand_over(order)
        self.assertProven()

    def test_orders_in_another_currency(self):
        """What is owed for them counts, in the company's currency; what they bring is
        in another."""
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": dollar.id,
                "company_id": self.company.id,
                "name": self.company._get_groupbuy_date(),
                "company_rate": 0.125,
            }
        )
        start = {name: tile["amount"] for name, tile in self._get_tiles().items()}
        order = self.env["sale.order"].create(
            {
                "partner_id": self.ann.partner_id.id,
                "pickup_point_id": self.point.id,
                "pricelist_id": self.env["product.pricelist"]
                .create({"name": "Dollars", "currency_id": dollar.id})
                .id,
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": price})
                    for product, price in ((self.leek, 5), (self.ginger, 4))
                ],
            }
        )
        order.action_confirm()
        self.assertEqual(order.currency_id, dollar)
        order.groupbuy_received_at = fields.Datetime.now()
        self.assertProven()
        shares = sum(order.groupbuy_entry_ids.mapped("amount"))
        self.assertEqual(self.company.currency_id.round(shares), 72)
        figures = {
            name: self.company.currency_id.round(tile["amount"] - start[name])
            for name, tile in self._get_tiles().items()
        }
        self.assertEqual(
            {name: amount for name, amount in figures.items() if amount},
            {"merchant": 34, "leader": 7.2},
        )
        listed = self.env["groupbuy.ledger.entry"].search(
            self._get_tiles()["platform"]["action"]["domain"]
        )
        self.assertFalse(listed & order.groupbuy_entry_ids)

    def test_each_company_has_books_of_its_own(self):
        other = self.env["res.company"].create(
            {"name": "Other Town", "currency_id": self.company.currency_id.id}
        )
        self.env["account.chart.template"].try_loading(
            "generic_coa", company=other, install_demo=False
        )
        other._groupbuy_ensure_books()
        self.operator.company_ids |= other
        self._receive_and_split()
        start = {name: tile["amount"] for name, tile in self._get_tiles().items()}
        today = other._get_groupbuy_date()
        entry = {
            "kind": "adjustment",
            "sale_line_id": None,
            "order_id": None,
            "available_on": today,
            "earned_at": fields.Datetime.now(),
        }
        merchant = {"payee_id": self.merchant.id, "role": "merchant"}
        platform = {"payee_id": other.partner_id.id, "role": "platform"}
        self.env["groupbuy.ledger.entry"]._append(
            other,
            [
                {**entry, **merchant, "amount": Decimal(100)},
                {**entry, **platform, "amount": Decimal(-100)},
            ],
        )
        theirs = self.money.with_context(allowed_company_ids=other.ids)
        settle = partial(
            self.env["groupbuy.settlement"]._settle, other, today, minimum=0
        )
        for step in (list, settle):
            self.assertFalse([own for own in step() if own.company_id != other])
            self.assertProven()
            figures = {name: own["amount"] for name, own in self._get_tiles().items()}
            self.assertEqual(figures, start)
            broken = [rule for rule in theirs.check_books() if not rule["ok"]]
            self.assertEqual(broken, [])
            tiles = theirs.get_dashboard()["tiles"]
            self.assertTrue(all(tile["ok"] for tile in tiles), tiles)
            self.assertEqual(
                {tile["name"]: tile["amount"] for tile in tiles if tile["amount"]},
                {"merchant": 100, "platform": -100},
            )
        bills = self.env["account.move"].search(
            [("company_id", "=", other.id), ("move_type", "=", "in_invoice")]
        )
        self.assertEqual(bills.mapped("amount_total"), [100])

    # === WHAT BREAKS THE RULES === #

    def test_an_order_that_costs_something_else_is_found(self):
        order = self._receive_and_split()
        self.assertProven()
        self.env.cr.execute(
            "UPDATE sale_order SET amount_total = amount_total + 0.01 WHERE id = %s",
            [order.id],
        )
        self.env.invalidate_all()
        self.assertLessEqual({"orders", "invoices"}, self._get_broken())
        [row] = [
            row for row in self._check()["orders"]["rows"] if row["id"] == order.id
        ]
        self.assertEqual((row["expected"], row["found"]), (90.01, 90))

    def test_a_line_that_changed_by_a_fen_is_found(self):
        order = self._receive_and_split()
        line = self._get_line(order, self.leek)
        self.env.cr.execute(
            "UPDATE sale_order_line SET price_total = price_total - 0.01 WHERE id = %s",
            [line.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self._get_broken(), {"shares"})
        self.assertEqual(self._check()["shares"]["rows"][0]["id"], order.id)

    def test_an_entry_of_somebody_else_is_found(self):
        self._receive_and_split()
        account = self.company.groupbuy_merchant_account_id
        expense = self.company.groupbuy_merchant_expense_account_id
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.company.groupbuy_share_journal_id.id,
                "line_ids": [
                    (0, 0, {"account_id": account.id, "balance": -1}),
                    (0, 0, {"account_id": expense.id, "balance": 1}),
                ],
            }
        )
        self.assertProven()
        move.action_post()
        self.assertEqual(self._get_broken(), {"accrual", "expense", "figures"})
        tiles = self._get_tiles()
        self.assertFalse(tiles["merchant"]["ok"])
        self.assertFalse(tiles["platform"]["ok"])
        self.assertTrue(tiles["leader"]["ok"])

    def test_money_that_is_not_booked_is_found(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 3, point=self.point)
        self.assertIn("booked", self._get_broken())
        rows = self._check()["booked"]["rows"]
        self.assertIn(order.transaction_ids.id, [row["id"] for row in rows])

    def test_a_bill_that_differs_from_its_settlement_is_found(self):
        self._receive_and_split()
        settlement = self._settle()[0]
        self.env.cr.execute(
            "UPDATE groupbuy_settlement SET amount = amount + 0.01 WHERE id = %s",
            [settlement.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self._get_broken(), {"settlements"})

    def test_a_receivable_that_is_open_is_found(self):
        order = self._receive_and_split()
        self.assertProven()
        order.invoice_ids.line_ids.remove_move_reconcile()
        self.assertEqual(self._get_broken(), {"receivable"})

    def test_a_bill_that_goes_back_to_draft_is_owed_as_a_share_again(self):
        self._receive_and_split()
        settlement = self._get_settlement(self._settle(), self.merchant)
        settlement.move_id.button_draft()
        self.assertEqual(settlement.state, "draft")
        self.assertProven()

    def test_only_operators_look_into_the_books(self):
        for user in (self.ann, self.env.ref("base.public_user")):
            money = self.env["groupbuy.money"].with_user(user)
            for method in (money.get_dashboard, money.check_books):
                with self.assertRaises(AccessError):
                    method()


@tagged("post_install", "-at_install")
class TestMoneyTour(MoneyCommon, BrowserCommon):
    def test_the_operator_checks_the_books(self):
        self.operator.password = "gb_operator"
        self._receive_and_split()
        self.assertProven()
        self.start_tour(
            "/odoo/group-buying-money", "groupbuy_money_tour", login="gb_operator"
        )
