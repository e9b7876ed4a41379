from datetime import timedelta
from unittest.mock import patch

import psycopg2
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .ledger_common import LedgerCommon


@tagged("post_install", "-at_install")
class TestLedger(LedgerCommon):
    def _get_entries(self, order):
        return self.env["groupbuy.ledger.entry"].search([("order_id", "=", order.id)])

    # === SPLIT === #

    def test_nothing_is_earned_before_it_is_received(self):
        orders = self._buy_at((self.ann, {self.leek: 5}, self.point))
        self._arrive(orders)
        self._split()
        self.assertFalse(self._get_entries(orders))

    def test_a_line_is_shared_out_once_it_is_received(self):
        """5 leeks at 10: 10 % to the leader, 5 % to the platform, the rest to the
        merchant; 2 gingers at 20 are the platform's own."""
        order = self._receive_and_split()
        shares = {
            (entry.sale_line_id.product_id, entry.payee_id, entry.kind): entry.amount
            for entry in self._get_entries(order)
        }
        platform = self.company.partner_id
        self.assertEqual(
            shares,
            {
                (self.leek, self.merchant, "goods"): 42.5,
                (self.leek, self.leader, "commission"): 5.0,
                (self.leek, platform, "fee"): 2.5,
                (self.ginger, self.leader, "commission"): 4.0,
                (self.ginger, platform, "fee"): 2.0,
                (self.ginger, platform, "goods"): 34.0,
            },
        )
        self.assertShared(order)
        self.assertAccrued()

    def test_rounding_is_left_to_the_owner(self):
        self.rates.update(commission=33.335, fee=33.335)
        self.addCleanup(self.rates.update, commission=10.0, fee=5.0)
        order = self._receive_and_split({self.leek: 1})
        amounts = sorted(self._get_entries(order).mapped("amount"))
        self.assertEqual(amounts, [3.33, 3.33, 3.34])
        self.assertShared(order)

    def test_charges_never_exceed_the_line(self):
        self.rates.update(commission=80.0, fee=80.0)
        self.addCleanup(self.rates.update, commission=10.0, fee=5.0)
        order = self._receive_and_split({self.leek: 1})
        self.assertEqual(self._get_balance(self.leader), 8)
        self.assertEqual(self._get_balance(self.merchant), 0)
        self.assertShared(order)

    def test_splitting_twice_is_splitting_once(self):
        order = self._receive_and_split()
        entries = self._get_entries(order)
        order.groupbuy_split_due = True
        self._split()
        order._groupbuy_split()
        self.assertEqual(self._get_entries(order), entries)
        self.assertFalse(order.groupbuy_split_due)

    def test_a_coupon_is_borne_by_the_platform(self):
        self._create_coupon_program("TEN", discount=10)
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 5, code="TEN", point=self.point)
        self._close(campaign)
        self._hand_over(order)
        self._split()
        self.assertEqual(self._get_balance(self.merchant), 42.5)
        self.assertEqual(
            self._get_balance(self.company.partner_id, "platform", kind="discount"),
            -5,
        )
        self.assertShared(order)

    def test_the_sweep_finds_what_nobody_noticed(self):
        order = self._receive()
        order.groupbuy_split_due = False
        self._split()
        self.assertFalse(self._get_entries(order))
        self._run_cron("groupbuy_payment.split_sweep_cron")
        self._split()
        self.assertShared(order)
        self.assertFalse(self.env["sale.order"]._groupbuy_sweep_split() & order)

    def test_one_order_that_fails_stops_no_other(self):
        first = self._receive({self.leek: 1})
        second = self._receive({self.leek: 2}, user=self.ben)
        line_class = self.env.registry["sale.order.line"]
        charges = line_class._groupbuy_charges

        def fail(lines):
            if lines.order_id & first:
                raise ValueError("no rule")
            return charges(lines)

        with patch.object(line_class, "_groupbuy_charges", fail):
            self._split()
        self.assertFalse(self._get_entries(first))
        self.assertShared(second)
        self.assertTrue(first.activity_ids)
        self._run_cron("groupbuy_payment.split_sweep_cron")
        self._split()
        self.assertShared(first)

    # === REVERSALS === #

    def test_a_refund_takes_its_shares_back(self):
        order = self._receive_and_split()
        claim = self._claim(order, self.leek, 2)
        self._decide(claim, decision="refund")
        self._split()
        self.assertEqual(self._get_balance(self.merchant), 25.5)
        self.assertEqual(self._get_balance(self.leader), 7)
        self.assertShared(order)
        self.assertAccrued()

    def test_a_full_refund_leaves_nothing(self):
        order = self._receive_and_split()
        line = self._get_line(order, self.leek)
        claim = self._submit(
            order, self._wish(order, self.leek, 5), self._wish(order, self.ginger, 2)
        )
        self._decide(claim, decision="refund")
        self._split()
        entries = self._get_entries(order)
        for payee in entries.payee_id:
            own = entries.filtered(lambda entry, own=payee: entry.payee_id == own)
            self.assertAlmostEqual(sum(own.mapped("amount")), 0, 6)
        self.assertEqual(line.product_uom_qty, 0)
        self.assertAccrued()

    def test_an_allowance_is_borne_by_whose_the_goods_are(self):
        order = self._receive_and_split()
        claim = self._claim(order, self.leek, 1)
        self._decide(claim, decision="allowance", allowance_amount=10)
        self._split()
        # 40 are left: 4 for the leader, 2 for the platform.
        self.assertEqual(self._get_balance(self.merchant), 34)
        self.assertEqual(self._get_balance(self.leader, kind="commission"), 8)
        self.assertEqual(self._get_balance(self.merchant, kind="allowance"), -10)
        self.assertShared(order)
        self.assertAccrued()

    def test_a_hand_over_that_is_undone_earns_nothing(self):
        order = self._receive_and_split()
        order.groupbuy_handover_ids.with_user(self.operator).undo()
        self._split()
        self.assertEqual(self._get_balance(self.merchant), 0)
        self.assertShared(order)
        # What was not available yet is taken back on the same day.
        unsettled = self.env["groupbuy.ledger.entry"]._get_unsettled(self.merchant)
        self.assertEqual(unsettled[self.merchant], {"available": 0, "frozen": 0})
        self.assertAccrued()

    def test_received_again_is_earned_again(self):
        order = self._receive_and_split()
        order.groupbuy_handover_ids.with_user(self.operator).undo()
        self.point.with_user(self.operator).hand_over(order.ids)
        self._split()
        self.assertEqual(self._get_balance(self.merchant), 42.5)
        self.assertShared(order)

    @settings(
        max_examples=10,
        # Shrinking would trace each line of Odoo.
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(
        st.integers(1, 9),
        st.floats(0, 60),
        st.floats(0, 60),
        st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=4),
    )
    def test_whatever_is_given_back_the_shares_add_up(
        self, pieces, commission, fee, events
    ):
        savepoint = self.env.cr.savepoint(flush=True)
        self.rates.update(commission=commission, fee=fee)
        try:
            order = self._receive_and_split({self.leek: pieces, self.ginger: 1})
            line = self._get_line(order, self.leek)
            for allowance, much in events:
                if allowance and line._groupbuy_get_paid() > much:
                    order._groupbuy_allow(line, much - 0.37, "Spots")
                elif not allowance and line.product_uom_qty >= much:
                    claim = self._claim(order, self.leek, much)
                    self._decide(claim, decision="refund")
                self._split()
                self.assertShared(order)
                self.assertGreaterEqual(self._get_balance(self.merchant), 0)
                self.assertGreaterEqual(self._get_balance(self.leader), 0)
            self.assertAccrued()
        finally:
            self.rates.update(commission=10.0, fee=5.0)
            self.env.cr.precommit.clear()
            savepoint.close(rollback=True)
            self.env.invalidate_all(flush=False)
            self.env.registry.clear_cache()

    # === FROZEN === #

    def test_shares_are_frozen_while_residents_may_complain(self):
        self.company.groupbuy_claim_days = 7
        self._receive_and_split()
        entry_model = self.env["groupbuy.ledger.entry"]
        self.assertEqual(
            entry_model._get_unsettled(self.merchant)[self.merchant],
            {"available": 0, "frozen": 42.5},
        )
        with self._later(days=7):
            unsettled = entry_model._get_unsettled(self.merchant)
            self.assertEqual(unsettled[self.merchant]["available"], 0)
        with self._later(days=8):
            unsettled = entry_model._get_unsettled(self.merchant)
            self.assertEqual(unsettled[self.merchant]["frozen"], 0)

    def test_what_is_complained_about_waits_until_it_is_settled(self):
        self.company.groupbuy_claim_days = 7
        order = self._receive_and_split()
        claim = self._claim(order, self.leek, 1)
        with self._later(days=9):
            frozen = self.env["groupbuy.ledger.entry"]._get_unsettled(self.merchant)
            self.assertEqual(frozen[self.merchant], {"available": 0, "frozen": 42.5})
            self._decide(claim, decision="rejected", answer="They look fine.")
            self._split()
            free = self.env["groupbuy.ledger.entry"]._get_unsettled(self.merchant)
            self.assertEqual(free[self.merchant], {"available": 42.5, "frozen": 0})

    def test_without_a_window_shares_are_available_at_once(self):
        self.company.groupbuy_claim_days = 0
        order = self._receive_and_split()
        today = self.company._get_groupbuy_date()
        self.assertEqual(set(self._get_entries(order).mapped("available_on")), {today})

    # === APPEND-ONLY === #

    def test_entries_are_never_changed_or_deleted(self):
        entry = self._get_entries(self._receive_and_split())[0]
        with self.assertRaises(UserError):
            entry.sudo().amount = 1000
        with self.assertRaises(UserError):
            entry.sudo().write({"settlement_id": False})
        with self.assertRaises(UserError):
            entry.sudo().unlink()

    def test_the_database_refuses_what_changes_the_past(self):
        entry = self._get_entries(self._receive_and_split())[0]
        for statement in (
            "UPDATE groupbuy_ledger_entry SET amount = amount + 1 WHERE id = %s",
            "UPDATE groupbuy_ledger_entry SET payee_id = payee_id + 1 WHERE id = %s",
            "UPDATE groupbuy_ledger_entry SET available_on = now() - interval '1 year'"
            " WHERE id = %s",
            "DELETE FROM groupbuy_ledger_entry WHERE id = %s",
            "TRUNCATE groupbuy_ledger_entry CASCADE; SELECT %s",
        ):
            with (
                self.subTest(statement=statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement, [entry.id])

    def test_an_entry_is_settled_once(self):
        self.company.groupbuy_claim_days = 0
        order = self._receive_and_split()
        settlements = self._settle()
        first, second = settlements[0], settlements[1]
        entry = self._get_entries(order).filtered(
            lambda entry: entry.settlement_id == first
        )[0]
        for value in (second.id, None):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(
                    "UPDATE groupbuy_ledger_entry SET settlement_id = %s WHERE id = %s",
                    [value, entry.id],
                )

    def test_nobody_writes_the_ledger_by_hand(self):
        vals = {
            "payee_id": self.merchant.id,
            "role": "merchant",
            "kind": "adjustment",
            "amount": 1000,
            "company_id": self.company.id,
            "earned_at": fields.Datetime.now(),
            "available_on": fields.Date.today() - timedelta(days=1),
        }
        for user in (self.operator, self.ann):
            with self.assertRaises(AccessError):
                self.env["groupbuy.ledger.entry"].with_user(user).create(vals)

    def test_payees_see_their_own_shares_only(self):
        self._receive_and_split()
        user = new_test_user(
            self.env, "gb_leader", groups="base.group_portal", partner_id=self.leader.id
        )
        entries = self.env["groupbuy.ledger.entry"].with_user(user).search([])
        self.assertEqual(entries.payee_id, self.leader)
        others = self.env["groupbuy.ledger.entry"].search(
            [("payee_id", "=", self.merchant.id)]
        )
        with self.assertRaises(AccessError):
            others.with_user(user).mapped("amount")
        with self.assertRaises(AccessError):
            entries.unlink()
