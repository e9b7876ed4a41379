from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommission(CommissionCommon):
    def _create_paid(self, quantities=None, **kwargs):
        campaign = self._create_campaign(
            self._offer(self.leek, 10), self._offer(self.ginger, 20)
        )
        quantities = quantities or {self.leek: 5, self.ginger: 2}
        return self._buy(campaign, self.ann, quantities, **kwargs)

    def _finish(self, order):
        self._close(order.groupbuy_campaign_id)
        self._hand_over(order)
        self._split()
        self._work_out()
        return order

    # === RULES === #

    def test_what_a_rule_is_about_is_not_deleted_with_it_unnoticed(self):
        category = self.env["product.public.category"].create({"name": "Roots"})
        rule = self.env["groupbuy.commission.rule"].create(
            {"name": "Roots", "rate": 9, "category_id": category.id}
        )
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            with self.cr.savepoint():
                category.unlink()
        self.assertTrue(rule.exists())

    # === STATES === #

    def test_what_can_be_expected_is_known_once_it_is_paid(self):
        campaign = self._create_campaign(self._offer(self.leek, 10))
        order = self._join(campaign, self.ann, 5)
        self._work_out()
        self.assertFalse(self._get_commissions(order))
        self._pay(order)
        self._work_out()
        commission = self._get_commissions(order)
        self.assertEqual(commission.leader_id, self.lily)
        self.assertEqual(commission.amount, 4)
        self.assertEqual((commission.state, commission.earned), ("estimated", 0))
        self.assertEqual(commission._sum_expected(self.lily), 4)

    def test_states_follow_the_ledger(self):
        self.company.groupbuy_claim_days = 7
        order = self._finish(self._create_paid({self.leek: 5}))
        commission = self._get_commissions(order)
        model = self.env["groupbuy.commission"]

        def check(state, earned):
            self.env.invalidate_all()
            self.assertEqual((commission.state, commission.earned), (state, earned))
            found = model.search([("state", "=", state), ("order_id", "=", order.id)])
            self.assertEqual(found, commission)
            others = model.search([("state", "!=", state), ("order_id", "=", order.id)])
            self.assertFalse(others)

        check("frozen", 4)
        self.assertEqual(
            commission.available_on,
            self.company._get_groupbuy_date() + timedelta(days=8),
        )
        with self._later(days=8):
            check("available", 4)
            self._settle()
            check("settled", 4)
            self._refund(order, self.leek, 2)
            self._split()
            check("settled", 2.4)
            self._refund(order, self.leek, 3)
            self._split()
            self._work_out()
            check("reversed", 0)

    def test_what_somebody_complains_about_is_frozen(self):
        self.company.groupbuy_claim_days = 7
        order = self._finish(self._create_paid({self.leek: 5}))
        self._claim(order, self.leek, 1)
        with self._later(days=9):
            self.assertEqual(self._get_commissions(order).state, "frozen")

    def test_a_cancelled_order_brings_nothing(self):
        order = self._create_paid()
        self._work_out()
        self.assertEqual(self.env["groupbuy.commission"]._sum_expected(self.lily), 7.2)
        order.with_user(self.ann).action_groupbuy_cancel()
        self._work_out()
        commissions = self._get_commissions(order)
        self.assertEqual(set(commissions.mapped("state")), {"reversed"})
        self.assertEqual(set(commissions.mapped("amount")), {0})
        self.assertEqual(commissions._sum_expected(self.lily), 0)

    # === SHOP === #

    def test_orders_of_the_shop_that_are_collected_bring_commission_too(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.ann.partner_id.id,
                "pickup_point_id": self.point.id,
                "order_line": [
                    fields.Command.create(
                        {"product_id": self.leek.id, "product_uom_qty": 3}
                    )
                ],
            }
        )
        order.action_confirm()
        self._work_out()
        self.assertEqual(self._get_commissions(order).amount, 2.4)

    def test_ordinary_orders_are_left_alone(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.ann.partner_id.id,
                "order_line": [
                    fields.Command.create(
                        {"product_id": self.leek.id, "product_uom_qty": 3}
                    )
                ],
            }
        )
        order.action_confirm()
        self.assertFalse(order.groupbuy_commission_due)
        self._work_out()
        self.assertFalse(self._get_commissions(order))

    # === WHY === #

    def test_every_commission_says_why(self):
        self._rule(6, name="Vegetables", category_id=self.vegetables.id)
        order = self._create_paid()
        self._work_out()
        leek, ginger = self._get_commissions(order).sorted("id")
        self.assertEqual(leek.reason, f"Vegetables: 6% of {self._format(50)}")
        self.assertEqual(ginger.reason, f"Usual rate: 8% of {self._format(40)}")

    def test_fixed_and_limited_commissions_say_so(self):
        self._rule(
            name="Leeks",
            method="fixed",
            unit_amount=12,
            product_tmpl_id=self.leek.product_tmpl_id.id,
        )
        self._rule(10, name="Rest", reckoned_on="untaxed")
        order = self._create_paid()
        self._work_out()
        leek, ginger = self._get_commissions(order).sorted("id")
        self.assertEqual(
            leek.reason,
            f"Leeks: {self._format(12)} for each of 5; not more than what was paid",
        )
        self.assertEqual(
            ginger.reason, f"Rest: 10% of {self._format(36.7)}, without tax"
        )

    def _format(self, amount):
        return self.company.currency_id.format(amount)

    # === RULES === #

    def test_a_rule_that_is_never_reached_is_shown(self):
        first = self._rule(5, category_id=self.vegetables.id)
        below = self._rule(9, category_id=self.leaves.id, level_id=self.gold.id)
        beside = self._rule(9, category_id=self.spices.id)
        other = self._rule(9, category_id=self.leaves.id, kind="referral")
        self.assertEqual(below.shadowed_by_id, first)
        self.assertFalse((first | beside | other).shadowed_by_id)
        first.date_to = fields.Date.today()
        below.invalidate_recordset()
        self.assertFalse(below.shadowed_by_id)

    def test_nonsense_is_refused(self):
        for vals in (
            {"rate": -1},
            {"rate": 100.5},
            {"unit_amount": -0.01},
            {"date_from": "2026-02-01", "date_to": "2026-01-01"},
        ):
            with (
                self.subTest(vals=vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self._rule(**vals).flush_recordset()
        with self.assertRaises(ValidationError):
            self._rule(5, seller="platform", seller_id=self.merchant.id)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.company.groupbuy_service_rate = 101
            self.company.flush_recordset()

    def test_a_rule_that_was_used_is_archived_not_deleted(self):
        rule = self._rule(5)
        self._create_paid()
        with self.assertRaises(UserError):
            rule.unlink()
        rule.active = False
        self._rule(5).unlink()

    def test_who_may_touch_what(self):
        rule = self._rule(5)
        commission = self._create_commission()
        resident = self.ann
        leader = new_test_user(
            self.env,
            "gb_leader_lily",
            groups="groupbuy_leader.group_leader",
            partner_id=self.lily.partner_id.id,
        )
        for user in (resident, leader, self.env.ref("base.public_user")):
            for record in (rule, commission):
                with self.assertRaises(AccessError):
                    record.with_user(user).read(["rate"])
            with self.assertRaises(AccessError):
                commission.order_id.with_user(user).read(["groupbuy_leader_id"])
            with self.assertRaises(AccessError):
                self.env["groupbuy.commission.simulation"].with_user(user).create(
                    {"rule_id": rule.id}
                )
        operator = rule.with_user(self.operator)
        self.assertEqual(operator.read(["rate"])[0]["rate"], 5)
        with self.assertRaises(AccessError):
            operator.rate = 50
        with self.assertRaises(AccessError):
            commission.with_user(self.operator).amount = 50
        manager = new_test_user(
            self.env, "gb_manager", groups="community_groupbuy.group_manager"
        )
        with Form(rule.with_user(manager)) as form:
            form.rate = 7
        self.assertEqual(rule.rate, 7)

    def _create_commission(self):
        order = self._create_paid({self.leek: 1})
        self._work_out()
        return self._get_commissions(order)

    # === WHOSE === #

    def test_the_leader_of_another_company_is_refused(self):
        order = self._create_paid()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.env["groupbuy.leader"].create(
            {
                "name": "Stranger",
                "partner_id": self.env["res.partner"].create({"name": "S"}).id,
                "phone": "13905319999",
                "point_name": "Elsewhere",
                "company_id": company.id,
                "state": "approved",
            }
        )
        with self.assertRaises(UserError):
            order._groupbuy_set_leader(stranger)
        self.assertEqual(order.groupbuy_leader_id, self.lily)

    def test_a_suspended_leader_earns_nothing_on_new_orders(self):
        before = self._create_paid()
        self.lily.state = "suspended"
        order = self._create_paid()
        self._work_out()
        self.assertEqual(len(self._get_commissions(before)), 2)
        self.assertFalse(self._get_commissions(order))
        self.lily.state = "approved"
        self._work_out()
        self.assertFalse(self._get_commissions(order))

    def test_a_point_that_gets_a_leader_brings_commission_for_open_orders(self):
        self.point.leader_id = False
        order = self._create_paid()
        self._work_out()
        self.assertFalse(self._get_commissions(order))
        self.assertEqual(order._groupbuy_set_leader(self.lily), order)
        self._finish(order)
        self.assertEqual(self._get_earned(self.lily), 7.2)

    def test_rates_outlast_the_days_without_a_leader(self):
        order = self._create_paid({self.leek: 5})
        self._work_out()
        order._groupbuy_set_leader(self.lily.browse())
        self._work_out()
        commission = self._get_commissions(order)
        self.assertFalse(commission.leader_id)
        self.assertEqual((commission.amount, commission.state), (0, "reversed"))
        self.assertEqual(commission._sum_expected(self.lily), 0)
        self._rule(50)
        order._groupbuy_set_leader(self.max)
        self._finish(order)
        self.assertEqual(self._get_commissions(order), commission)
        self.assertEqual(self._get_earned(self.max), 4)
        self.assertEqual(self._get_earned(self.lily), 0)

    def test_without_a_leader_what_is_collected_earns_nobody_anything(self):
        order = self._create_paid({self.leek: 5})
        self._work_out()
        order._groupbuy_set_leader(self.lily.browse())
        self._finish(order)
        self.assertEqual(self._get_commissions(order).state, "reversed")
        self.assertEqual(self._get_earned(self.lily), 0)
        self.assertShared(order)

    def test_who_is_not_approved_inherits_nothing(self):
        order = self._create_paid({self.leek: 5})
        self._work_out()
        self.max.state = "suspended"
        order.with_user(self.ann).action_groupbuy_move_point(self.west.id)
        self.assertEqual(order.groupbuy_leader_id, self.max)
        self._close(order.groupbuy_campaign_id)
        self._arrive(order)
        self.west.with_user(self.operator).hand_over(order.ids)
        self._split()
        self.assertEqual(order.groupbuy_status, "received")
        self.assertEqual(self._get_earned(self.max), 0)
        self.assertEqual(self._get_earned(self.lily), 0)

    def test_what_comes_instead_brings_as_much(self):
        onion = self._create_product("Spring onions", 12)
        order = self._create_paid({self.leek: 5})
        order.groupbuy_referrer_id = self.max
        self._rule(20, product_tmpl_id=onion.product_tmpl_id.id)
        self._close(order.groupbuy_campaign_id)
        self._dispatch(order).with_user(self.operator).groupbuy_record_arrival(
            [
                {
                    "product_id": self.leek.id,
                    "short": 2,
                    "substitute_product_id": onion.id,
                    "substitute_quantity": 2,
                }
            ]
        )
        self._run_jobs()
        self.point.with_user(self.operator).hand_over(order.ids)
        self._split()
        self._work_out()
        self.assertEqual(order.groupbuy_status, "received")
        self.assertEqual(self._get_earned(self.lily), 4)
        self.assertEqual(self._get_earned(self.max, "referral"), 1)
        brought = {
            commission.kind: commission.amount
            for commission in self._get_commissions(order)
            if commission.product_id == onion
        }
        self.assertEqual(brought, {"service": 1.6, "referral": 0.4})
        self.assertShared(order)

    # === ROBUSTNESS === #

    def test_what_was_never_worked_out_is_when_its_money_is_shared_out(self):
        order = self._create_paid()
        self._close(order.groupbuy_campaign_id)
        self._hand_over(order)
        self.env.cr.execute(
            "UPDATE sale_order SET groupbuy_commission_due = FALSE,"
            " groupbuy_commission_at = NULL WHERE id = %s",
            [order.id],
        )
        self.env.invalidate_all()
        self._split()
        self.assertEqual(self._get_earned(self.lily), 7.2)

    def test_an_order_that_fails_stops_no_other(self):
        first, second = self._create_paid(), self._create_paid({self.leek: 1})
        line_class = self.env.registry["sale.order.line"]
        owner = line_class._groupbuy_owner

        def fail(lines):
            if lines.order_id & first:
                raise ValueError("no owner")
            return owner(lines)

        self.patch(line_class, "_groupbuy_owner", fail)
        self._work_out()
        self.assertFalse(self._get_commissions(first))
        self.assertEqual(self._get_commissions(second).amount, 0.8)
        self.assertTrue(first.activity_ids)
        self.patch(line_class, "_groupbuy_owner", owner)
        self._finish(first)
        self.assertEqual(self._get_earned(self.lily), 7.2)

    def test_many_orders_take_no_more_queries_than_few(self):
        campaign = self._create_campaign(self._offer(self.leek, 10))
        counts = []
        for number in (1, 5):
            for at in range(number):
                self._buy(campaign, self.residents[at], 1)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            orders = self.env["sale.order"].search(
                [("groupbuy_commission_due", "=", True)]
            )
            self.assertEqual(len(orders), number)
            orders._groupbuy_work_out_commissions()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)

    def test_joining_asks_nothing_more_for_the_leader(self):
        self.point._groupbuy_get_leader_id()
        with self.assertQueryCount(0):
            self.point._groupbuy_get_leader_id()


@tagged("post_install", "-at_install")
class TestCommissionSimulation(CommissionCommon):
    def _simulate(self, rule, **vals):
        today = self.company._get_groupbuy_date()
        return (
            self.env["groupbuy.commission.simulation"]
            .with_user(self.operator)
            .create({"rule_id": rule.id, "date_from": today, "date_to": today, **vals})
        )

    def setUp(self):
        super().setUp()
        campaign = self._create_campaign(
            self._offer(self.leek, 10), self._offer(self.ginger, 20)
        )
        self.first = self._buy(campaign, self.ann, {self.leek: 5, self.ginger: 2})
        self.second = self._buy(campaign, self.ben, {self.leek: 1}, point=self.west)
        self._work_out()

    def test_what_a_rule_would_have_cost(self):
        rule = self._rule(10, product_tmpl_id=self.leek.product_tmpl_id.id)
        simulation = self._simulate(rule)
        # 10 % of 50.00 and 10.00, instead of 8 %.
        self.assertEqual((simulation.order_count, simulation.line_count), (2, 2))
        self.assertEqual(simulation.amount, 6)
        self.assertEqual(simulation.actual, 4.8)
        self.assertAlmostEqual(simulation.difference, 1.2, 6)
        sums = {
            line.leader_id: (line.line_count, line.base, line.amount, line.actual)
            for line in simulation.line_ids
        }
        self.assertEqual(sums, {self.lily: (1, 50, 5, 4), self.max: (1, 10, 1, 0.8)})

    def test_it_costs_what_it_then_costs(self):
        """A rule that was archived, tried, and then made active."""
        rule = self._rule(7.5, active=False, category_id=self.vegetables.id)
        amount = self._simulate(rule).amount
        rule.active = True
        campaign = self._create_campaign(self._offer(self.leek, 10))
        for user, pieces, point in (
            (self.ann, 5, self.point),
            (self.ben, 1, self.west),
        ):
            self._buy(campaign, user, pieces, point=point)
        self._work_out()
        commissions = rule.env["groupbuy.commission"].search(
            [("rule_id", "=", rule.id)]
        )
        self.assertAlmostEqual(sum(commissions.mapped("amount")), amount, 6)

    def test_rules_above_come_first(self):
        self._rule(5, product_tmpl_id=self.leek.product_tmpl_id.id)
        simulation = self._simulate(self._rule(10))
        self.assertEqual(simulation.line_count, 1)
        self.assertEqual((simulation.amount, simulation.actual), (4, 3.2))

    def test_the_rules_own_dates_do_not_matter(self):
        tomorrow = self.company._get_groupbuy_date() + timedelta(days=1)
        self.assertEqual(self._simulate(self._rule(10, date_from=tomorrow)).amount, 10)

    def test_other_times_and_cancelled_orders_do_not_count(self):
        rule = self._rule(10)
        yesterday = self.company._get_groupbuy_date() - timedelta(days=1)
        empty = self._simulate(rule, date_from=yesterday, date_to=yesterday)
        self.assertEqual((empty.amount, empty.line_count), (0, 0))
        self.second.with_user(self.ben).action_groupbuy_cancel()
        self._work_out()
        self.assertEqual(self._simulate(rule).amount, 9)

    def test_what_bringing_orders_would_have_cost(self):
        self.first.groupbuy_referrer_id = self.max
        rule = self._rule(4, kind="referral")
        simulation = self._simulate(rule)
        self.assertEqual((simulation.amount, simulation.actual), (3.6, 0))
        self.assertEqual(simulation.line_ids.leader_id, self.max)

    def test_last_month_is_proposed(self):
        with Form(
            self.env["groupbuy.commission.simulation"]
            .with_user(self.operator)
            .with_context(default_rule_id=self._rule(10).id)
        ) as form:
            today = self.company._get_groupbuy_date()
            self.assertEqual(form.date_to, today.replace(day=1) - timedelta(days=1))
            self.assertEqual(form.date_from, form.date_to.replace(day=1))
            form.date_from = form.date_to = today
            self.assertEqual(form.amount, 10)
