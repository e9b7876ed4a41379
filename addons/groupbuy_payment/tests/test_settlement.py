import io
from datetime import timedelta
from unittest.mock import patch

import openpyxl
import pypdf

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, freeze_time, new_test_user, tagged

from .ledger_common import LedgerCommon


class SettlementCommon(LedgerCommon):
    """Shares are available at once; operators may still give something back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.groupbuy_claim_days = 0

    def _claim(self, *args, **kwargs):
        return super()._claim(*args, user=self.operator, **kwargs)

    def _get_settlement(self, settlements, payee):
        return settlements.filtered(lambda s: s.payee_id == payee)

    def _pay_bill(self, settlement):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=settlement.move_id.ids
        ).create({})._create_payments()


@tagged("post_install", "-at_install")
class TestSettlement(SettlementCommon):
    def test_what_is_available_becomes_one_bill_per_payee(self):
        order = self._receive_and_split()
        settlements = self._settle()
        merchant = self._get_settlement(settlements, self.merchant)
        leader = self._get_settlement(settlements, self.leader)
        self.assertEqual(settlements, merchant | leader)
        self.assertEqual((merchant.amount, leader.amount), (42.5, 9.0))
        bill = merchant.move_id
        self.assertEqual(
            (bill.move_type, bill.state, bill.amount_total, bill.partner_id),
            ("in_invoice", "posted", 42.5, self.merchant),
        )
        self.assertTrue(bill.journal_id.is_self_billing)
        self.assertFalse(bill.line_ids.tax_ids)
        self.assertEqual(merchant.state, "posted")
        self.assertEqual(merchant.entry_ids.order_id, order)
        # What was owed as a share is owed as a bill.
        for role in ("merchant", "leader"):
            name = f"groupbuy_{role}_account_id"
            self.assertEqual(self._get_account_balance(name), 0)
        payable = bill.line_ids.filtered(
            lambda line: line.account_id.account_type == "liability_payable"
        )
        self.assertEqual(payable.balance, -42.5)
        self.assertAccrued()

    def test_the_platform_settles_with_nobody(self):
        self._receive_and_split()
        settlements = self._settle()
        self.assertFalse(settlements.filtered(lambda s: s.role == "platform"))

    def test_settling_twice_is_settling_once(self):
        self._receive_and_split()
        self.assertEqual(len(self._settle()), 2)
        self.assertFalse(self._settle())

    def test_what_is_frozen_waits(self):
        self.company.groupbuy_claim_days = 7
        self._receive_and_split()
        self.assertFalse(self._settle())
        with self._later(days=8):
            self.assertEqual(len(self._settle()), 2)

    def test_nothing_is_settled_before_its_day(self):
        self._receive_and_split()
        tomorrow = fields.Date.context_today(self.company) + timedelta(days=2)
        with self.assertRaises(UserError):
            self.env["groupbuy.settlement"]._settle(self.company, tomorrow)

    def test_what_was_settled_too_high_is_kept_back_from_the_next(self):
        order = self._receive_and_split({self.leek: 5})
        self._settle()
        self._decide(self._claim(order, self.leek, 4), decision="refund")
        self._split()
        self.assertEqual(self._get_balance(self.merchant, settlement_id=False), -34)
        self.assertFalse(self._settle(), "a debt is not settled")
        self._receive_and_split({self.leek: 6}, user=self.ben)
        settlements = self._settle()
        merchant = self._get_settlement(settlements, self.merchant)
        self.assertEqual(merchant.amount, 17)
        self.assertEqual(merchant.move_id.amount_total, 17)
        self.assertAccrued()

    def test_small_amounts_wait(self):
        self.company.groupbuy_settlement_minimum = 10
        self._receive_and_split()
        settlements = self._settle()
        self.assertEqual(settlements.payee_id, self.merchant)
        self.assertEqual(self._settle(minimum=0).payee_id, self.leader)

    def test_only_the_payees_that_are_asked_for(self):
        self._receive_and_split()
        self.assertEqual(self._settle(payees=self.leader).payee_id, self.leader)
        none = self.env["res.partner"]
        self.assertFalse(self._settle(payees=none))

    def test_paid_once_its_bill_is_paid(self):
        self._receive_and_split()
        merchant = self._get_settlement(self._settle(), self.merchant)
        self._pay_bill(merchant)
        self.assertEqual((merchant.state, merchant.amount_open), ("paid", 0))

    def test_a_bill_per_kind_of_share_adds_up(self):
        order = self._receive_and_split()
        claim = self._claim(order, self.leek, 1)
        self._decide(claim, decision="allowance", allowance_amount=10)
        self._split()
        merchant = self._get_settlement(self._settle(), self.merchant)
        lines = merchant.move_id.invoice_line_ids
        self.assertEqual(sorted(lines.mapped("price_subtotal")), [-10, 44])
        self.assertEqual(merchant.amount, 34)

    def test_settlements_are_kept(self):
        self._receive_and_split()
        with self.assertRaises(UserError):
            self._settle()[0].unlink()

    # === SCHEDULE === #

    def test_weeks_end_on_sunday_and_months_on_their_last_day(self):
        with freeze_time("2026-11-22 15:00:00"):  # Sunday, 23:00 in Jinan
            self.assertEqual(f"{self.company._groupbuy_get_period_end()}", "2026-11-15")
        with freeze_time("2026-11-22 17:00:00"):  # Monday, 01:00 in Jinan
            self.assertEqual(f"{self.company._groupbuy_get_period_end()}", "2026-11-22")
            self.company.groupbuy_settlement_period = "month"
            self.assertEqual(f"{self.company._groupbuy_get_period_end()}", "2026-10-31")
            self.company.groupbuy_settlement_period = "manual"
            self.assertIsNone(self.company._groupbuy_get_period_end())

    def test_the_schedule_catches_up_after_an_outage(self):
        self._receive_and_split()
        with self._later(days=30):
            self._run_cron("groupbuy_payment.settlement_cron")
            settlements = self.env["groupbuy.settlement"].search(
                [("payee_id", "in", (self.merchant | self.leader).ids)]
            )
            self.assertEqual(len(settlements), 2)
            self.assertEqual(
                self.company.groupbuy_settled_until,
                self.company._groupbuy_get_period_end(),
            )
            self._run_cron("groupbuy_payment.settlement_cron")
            self.assertEqual(
                self.env["groupbuy.settlement"].search_count(
                    [("payee_id", "in", (self.merchant | self.leader).ids)]
                ),
                2,
            )

    def test_what_fails_in_the_middle_leaves_nothing_behind(self):
        self._receive_and_split()
        move_class = self.env.registry["account.move"]

        def fail(moves):
            raise ValueError("no power")

        with (
            patch.object(move_class, "action_post", fail),
            self.assertRaises(ValueError),
            self.env.cr.savepoint(),
        ):
            self._settle()
        self.env.invalidate_all()
        self.assertAccrued()
        self.assertEqual(len(self._settle()), 2)

    # === BY HAND === #

    def test_operators_see_what_they_will_settle(self):
        self._receive_and_split()
        run = Form(self.env["groupbuy.settlement.run"].with_user(self.operator))
        self.assertEqual((run.payee_count, run.amount), (2, 51.5))
        run.payee_ids.add(self.leader)
        self.assertEqual((run.payee_count, run.amount), (1, 9))
        action = run.save().action_settle()
        settlements = self.env["groupbuy.settlement"].search(action["domain"])
        self.assertEqual(settlements.payee_id, self.leader)
        with self.assertRaises(UserError):
            run.save().action_settle()

    def test_nobody_else_settles(self):
        run_model = self.env["groupbuy.settlement.run"]
        with self.assertRaises(AccessError):
            run_model.with_user(self.ann).create({}).action_settle()
        run = run_model.create({})
        with self.assertRaises(AccessError):
            run.with_user(self.ann).action_settle()


@tagged("post_install", "-at_install")
class TestStatement(SettlementCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payee = new_test_user(
            cls.env,
            "gb_merchant",
            groups="base.group_portal",
            partner_id=cls.merchant.id,
            password="gb_merchant",
        )

    def setUp(self):
        super().setUp()
        self.order = self._receive_and_split()
        self.settlement = self._get_settlement(self._settle(), self.merchant)
        self.url = f"/my/money/settlement/{self.settlement.id}"

    def test_the_workbook_traces_every_share_to_its_order_line(self):
        self.authenticate("gb_merchant", "gb_merchant")
        response = self.url_open(f"{self.url}.xlsx")
        self.assertEqual(response.status_code, 200)
        sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
        rows = list(sheet.iter_rows(values_only=True))
        [line] = rows[2:-1]
        self.assertEqual(line[1], self.order.name)
        self.assertEqual(line[2], self._get_line(self.order, self.leek).id)
        self.assertEqual((line[4], line[6]), (5, 42.5))
        self.assertEqual(rows[-1][6], 42.5)

    def test_the_statement_on_paper(self):
        self.authenticate("gb_merchant", "gb_merchant")
        response = self.url_open(f"{self.url}.pdf")
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        # In tests Odoo answers with the page that it would have printed.
        words = (self.settlement.name, self.order.name, "42.50")
        for word in words:
            self.assertIn(word, response.text)
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, _type = report._render_qweb_pdf(
            "groupbuy_payment.groupbuy_settlement_report", self.settlement.ids
        )
        pages = pypdf.PdfReader(io.BytesIO(content)).pages
        text = "".join(page.extract_text() for page in pages)
        for word in words:
            self.assertIn(word, text)

    def test_a_statement_is_for_its_payee(self):
        self.authenticate(self.ann.login, self.ann.login)
        for extension in ("pdf", "xlsx"):
            self.assertEqual(self.url_open(f"{self.url}.{extension}").status_code, 404)
        for number in (0, 2**31 - 1, 2**31, 10**30):
            response = self.url_open(f"/my/money/settlement/{number}.xlsx")
            self.assertEqual(response.status_code, 404)
        self.logout()
        self.assertEqual(self.url_open(f"{self.url}.xlsx").status_code, 404)
        token = self.settlement._portal_ensure_token()
        wrong = self.url_open(f"{self.url}.xlsx?access_token={token}x")
        self.assertEqual(wrong.status_code, 404)

    def test_names_are_no_formulas(self):
        line = self._get_line(self.order, self.leek)
        line.name = "=1+1"
        sheet = openpyxl.load_workbook(self.settlement._write_workbook()).active
        self.assertEqual(sheet.cell(3, 4).data_type, "s")

    def test_only_the_first_lines_of_a_long_statement_are_printed(self):
        statement = self.settlement._get_statement(limit=0)
        self.assertEqual((statement["count"], statement["rows"]), (1, []))
