"""Commission, case by case, worked by hand.

Unless a case says otherwise, Ann buys 5 leeks at 10.00 and 2 gingers at 20.00 at Lily's
point: 50.00 and 40.00. The usual rates are 8 % for the point and 2 % for whoever brings
an order. Without tax, 50.00 is 44.25 (13 %) and 40.00 is 36.70 (9 %).
"""

from datetime import timedelta

from odoo.tests import tagged

from .commission_common import CommissionCommon

# name: (what is different, what Lily gets for her point, other amounts)
CASES = {
    # === RULES === #
    # 50 × 8 % = 4.00, 40 × 8 % = 3.20
    # the merchant has 50 − 4.00
    "usual_rate": ({}, 7.20, {"merchant": 46.00}),
    "no_rate_no_commission": ({"service": 0}, 0, {}),
    # 44.25 × 8 % = 3.54, 36.70 × 8 % = 2.936
    "usual_rate_without_tax": ({"base": "untaxed"}, 6.48, {}),
    # 50 × 10 % = 5.00, 3.20
    "rule_of_a_product": ({"rules": [{"rate": 10, "product": "leek"}]}, 8.20, {}),
    # Leeks are leaves, which are vegetables: 50 × 6 % = 3.00, 3.20
    "rule_of_the_category_above": (
        {"rules": [{"rate": 6, "category": "vegetables"}]},
        6.20,
        {},
    ),
    # 4.00, 40 × 12 % = 4.80
    "rule_of_another_category": (
        {"rules": [{"rate": 12, "category": "spices"}]},
        8.80,
        {},
    ),
    # Ginger only: 40 × 10 %
    "rule_of_own_goods": (
        {"service": 0, "rules": [{"rate": 10, "seller": "platform"}]},
        4.00,
        {},
    ),
    # Leeks only: 50 × 10 %
    "rule_of_merchants_goods": (
        {"service": 0, "rules": [{"rate": 10, "seller": "others"}]},
        5.00,
        {},
    ),
    "rule_of_this_merchant": (
        {"service": 0, "rules": [{"rate": 4, "merchant": "merchant"}]},
        2.00,
        {},
    ),
    "rule_of_another_merchant": (
        {"rules": [{"rate": 4, "merchant": "other"}]},
        7.20,
        {},
    ),
    # 50 × 9 % = 4.50, 40 × 9 % = 3.60
    "rule_of_this_campaign": ({"rules": [{"rate": 9, "campaign": "this"}]}, 8.10, {}),
    "rule_of_another_campaign": (
        {"rules": [{"rate": 9, "campaign": "other"}]},
        7.20,
        {},
    ),
    # 50 × 12 % = 6.00, 40 × 12 % = 4.80
    "rule_of_the_leaders_level": (
        {"level": "gold", "rules": [{"rate": 12, "level": "gold"}]},
        10.80,
        {},
    ),
    "rule_of_a_level_above": ({"rules": [{"rate": 12, "level": "gold"}]}, 7.20, {}),
    # 50 × 12 % = 6.00 of vegetables for gold leaders, 3.20
    "rule_of_category_and_level": (
        {
            "level": "gold",
            "rules": [{"rate": 12, "level": "gold", "category": "vegetables"}],
        },
        9.20,
        {},
    ),
    # 5 × 0.50 = 2.50, 3.20
    "fixed_per_unit": ({"rules": [{"fixed": 0.5, "product": "leek"}]}, 5.70, {}),
    # 5 × 12.00 = 60.00 is more than the 50.00 that were paid
    "fixed_is_never_above_the_price": (
        {"service": 0, "rules": [{"fixed": 12, "product": "leek"}]},
        50.00,
        {"merchant": 0},
    ),
    # The category stands first: 3.00, 3.20
    "the_first_rule_that_fits_is_taken": (
        {
            "rules": [
                {"rate": 6, "category": "vegetables"},
                {"rate": 10, "product": "leek"},
            ]
        },
        6.20,
        {},
    ),
    # The product stands first: 5.00, 3.20
    "the_other_way_round": (
        {
            "rules": [
                {"rate": 10, "product": "leek"},
                {"rate": 6, "category": "vegetables"},
            ]
        },
        8.20,
        {},
    ),
    # Leeks nothing, 3.20
    "a_rule_can_say_nothing": ({"rules": [{"rate": 0, "product": "leek"}]}, 3.20, {}),
    "rule_until_yesterday": ({"rules": [{"rate": 10, "until": -1}]}, 7.20, {}),
    "rule_from_tomorrow": ({"rules": [{"rate": 10, "from": 1}]}, 7.20, {}),
    # 5.00, 4.00
    "rule_of_today": ({"rules": [{"rate": 10, "from": 0, "until": 0}]}, 9.00, {}),
    # A rule for bringing orders is none for the point.
    "rule_of_the_other_kind": (
        {"rules": [{"rate": 10, "kind": "referral"}]},
        7.20,
        {},
    ),
    # 44.25 × 10 % = 4.425, half a fen goes up; 3.20
    "rule_without_tax": (
        {"rules": [{"rate": 10, "product": "leek", "base": "untaxed"}]},
        7.63,
        {},
    ),
    # === ROUNDING === #
    # 10 × 3.25 % = 0.325
    "half_a_fen_goes_up": ({"service": 3.25, "buy": {"leek": 1}}, 0.33, {}),
    # 10 × 3.24 % = 0.324
    "less_than_half_a_fen_goes_down": ({"service": 3.24, "buy": {"leek": 1}}, 0.32, {}),
    # 10 × 0.04 % = 0.004
    "less_than_a_fen_is_nothing": ({"service": 0.04, "buy": {"leek": 1}}, 0, {}),
    # 9.99 × 33.33 % = 3.329667
    "an_odd_price": (
        {"service": 33.33, "buy": {"leek": 1}, "price": 9.99},
        3.33,
        {"merchant": 6.66},
    ),
    # === COUPONS === #
    # 45 × 8 % = 3.60, 36 × 8 % = 2.88; the merchant has 50 − 3.60
    "coupon_borne_by_the_platform": (
        {"coupon": {"discount": 10}},
        6.48,
        {"merchant": 46.40},
    ),
    # The leader has the same, the merchant 50 − 3.60 − 5.00
    "coupon_borne_by_the_merchant": (
        {"coupon": {"discount": 10}, "bearer": "owner"},
        6.48,
        {"merchant": 41.40},
    ),
    # 7.00 off the leeks: 43 × 8 % = 3.44, 3.20; 50 − 3.44 − 7.00
    "coupon_for_some_goods": (
        {
            "coupon": {
                "discount": 7,
                "discount_mode": "per_order",
                "discount_applicability": "specific",
                "discount_product_ids": "leek",
            },
            "bearer": "owner",
        },
        6.64,
        {"merchant": 39.56},
    ),
    # 10 % off; 45 × 44.25 ÷ 50 = 39.825, so 39.83 × 8 % = 3.1864;
    # 36 × 36.70 ÷ 40 = 33.03 × 8 % = 2.6424
    "coupon_without_tax": (
        {"coupon": {"discount": 10}, "base": "untaxed"},
        5.83,
        {},
    ),
    # 0.50 each, however little was paid: 2.50; 36 × 8 % = 2.88
    "fixed_with_a_coupon": (
        {"coupon": {"discount": 10}, "rules": [{"fixed": 0.5, "product": "leek"}]},
        5.38,
        {},
    ),
    # 2 of 5 leeks come back: 27 × 8 % = 2.16, 2.88; 30 − 2.16 − 3.00
    "coupon_and_a_refund": (
        {
            "coupon": {"discount": 10},
            "bearer": "owner",
            "received": [("refund", "leek", 2)],
        },
        5.04,
        {"merchant": 24.84},
    ),
    # === WHAT BECOMES OF THE ORDER === #
    # Ben buys 5, too: 10 leeks cost 9.00 each; 45 × 8 % = 3.60 for either
    "the_final_price_counts": (
        {"buy": {"leek": 5}, "paid": [("another", "leek", 5)], "tiers": {10: 9}},
        7.20,
        {},
    ),
    # 4 leeks: 40 × 8 % = 3.20, 3.20
    "taken_off_before_it_is_received": (
        {"closed": [("take_off", "leek", 1)]},
        6.40,
        {},
    ),
    # 3 leeks: 30 × 8 % = 2.40, 3.20
    "refund_before_the_settlement": ({"received": [("refund", "leek", 2)]}, 5.60, {}),
    # 7.20 was settled; −1.60 is owed
    "refund_after_the_settlement": (
        {"received": [("settle",), ("refund", "leek", 2)]},
        5.60,
        {"unsettled": -1.60},
    ),
    "full_refund_after_the_settlement": (
        {"received": [("settle",), ("refund", "leek", 5), ("refund", "ginger", 2)]},
        0,
        {"unsettled": -7.20},
    ),
    "full_refund_before_the_settlement": (
        {"received": [("refund", "leek", 5), ("refund", "ginger", 2)]},
        0,
        {"unsettled": 0},
    ),
    # 40 × 8 % = 3.20, 3.20; the merchant has 50 − 10 − 3.20
    "allowance": ({"received": [("allow", "leek", 10)]}, 6.40, {"merchant": 36.80}),
    # 3 × 0.50 = 1.50, 3.20
    "fixed_and_a_refund": (
        {
            "rules": [{"fixed": 0.5, "product": "leek"}],
            "received": [("refund", "leek", 2)],
        },
        4.70,
        {},
    ),
    "handed_over_undone": ({"received": [("undo",)]}, 0, {}),
    "handed_over_undone_and_again": ({"received": [("undo",), ("again",)]}, 7.20, {}),
    "cancelled_before_the_end": ({"paid": [("cancel",)]}, 0, {}),
    # === RATES ARE THOSE OF THE PAYMENT === #
    "level_rises_after_the_payment": (
        {
            "rules": [{"rate": 12, "level": "gold"}],
            "paid": [("level", "gold")],
        },
        7.20,
        {},
    ),
    # 12 % of 30.00 and 40.00
    "level_falls_after_the_payment": (
        {
            "level": "gold",
            "rules": [{"rate": 12, "level": "gold"}],
            "paid": [("level", "silver")],
            "received": [("refund", "leek", 2)],
        },
        8.40,
        {},
    ),
    # 12 % of 50.00 and 40.00
    "level_rises_before_the_payment": (
        {"rules": [{"rate": 12, "level": "gold"}], "joined": [("level", "gold")]},
        10.80,
        {},
    ),
    "rule_is_changed_after_the_payment": (
        {"rules": [{"rate": 10}], "paid": [("rule", {"rate": 20})]},
        9.00,
        {},
    ),
    # 10 % of 30.00 and 40.00
    "rule_is_archived_after_the_payment": (
        {
            "rules": [{"rate": 10}],
            "paid": [("rule", {"active": False})],
            "received": [("refund", "leek", 2)],
        },
        7.00,
        {},
    ),
    "usual_rate_is_changed_after_the_payment": (
        {"paid": [("usual", 50)]},
        7.20,
        {},
    ),
    "new_rule_after_the_payment": ({"paid": [("new_rule", 50)]}, 7.20, {}),
    # === WHO EARNS === #
    # 50 × 2 % = 1.00, 40 × 2 % = 0.80
    "somebody_else_brings_the_order": (
        {"referrer": "max"},
        7.20,
        {"max_referral": 1.80},
    ),
    "own_point_and_own_link": ({"referrer": "lily"}, 7.20, {"lily_referral": 1.80}),
    "self_referral_earns_nothing": (
        {"referrer": "max", "max_is": "ann"},
        7.20,
        {"max_referral": 0},
    ),
    "suspended_leaders_bring_nothing": (
        {"referrer": "max", "joined": [("suspend", "max")]},
        7.20,
        {"max_referral": 0},
    ),
    # 1 leek: 9.00 for the point; of 5.00 for the link, 1.00 is left
    "both_never_exceed_the_price": (
        {
            "buy": {"leek": 1},
            "referrer": "max",
            "rules": [{"fixed": 9}, {"fixed": 5, "kind": "referral"}],
        },
        9.00,
        {"max_referral": 1.00, "merchant": 0},
    ),
    # 30 × 2 % = 0.60, 0.80; 30 × 8 % = 2.40, 3.20
    "refund_of_a_brought_order": (
        {"referrer": "max", "received": [("settle",), ("refund", "leek", 2)]},
        5.60,
        {"max_referral": 1.40},
    ),
    "moved_to_another_point": ({"paid": [("move",)]}, 0, {"max": 7.20}),
    "point_changes_hands_before_the_end": ({"paid": [("transfer",)]}, 0, {"max": 7.20}),
    # The rate stays that of the payment: Max is on the gold level.
    "point_changes_hands_to_a_higher_level": (
        {
            "rules": [{"rate": 12, "level": "gold"}],
            "max_level": "gold",
            "paid": [("transfer",)],
        },
        0,
        {"max": 7.20},
    ),
    "point_changes_hands_after_the_end": (
        {"received": [("transfer",), ("refund", "leek", 2)]},
        5.60,
        {"max": 0},
    ),
    "the_points_next_leader_gets_new_orders_only": (
        {"paid": [("appoint",)]},
        7.20,
        {"max": 0},
    ),
    "point_without_a_leader": ({"joined": [("transfer_to_nobody",)]}, 0, {}),
}


@tagged("post_install", "-at_install")
class TestCommissionTable(CommissionCommon):
    """One test for each of `CASES`."""

    def _work(self, case, lily, others):
        self._prepare(case)
        campaign = self.campaign
        quantities = {
            self[name]: pieces
            for name, pieces in case.get("buy", {"leek": 5, "ginger": 2}).items()
        }
        order = self.order = self._join(campaign, self.ann, quantities)
        if "coupon" in case:
            self._apply_code(order, "OFF")
        if "referrer" in case:
            order.groupbuy_referrer_id = self[case["referrer"]]
        self._take_steps(case.get("joined", ()))
        self._pay(order)
        if not others and not case.keys() & {"coupon", "paid", "closed", "received"}:
            # Which rule fits is known now; what comes later is the same for all.
            self._check_expected(lily)
            return
        self._take_steps(case.get("paid", ()))
        self._close(campaign)
        self._take_steps(case.get("closed", ()))
        orders = self.env["sale.order"].search(
            [("groupbuy_campaign_id", "=", campaign.id), ("state", "=", "sale")]
        )
        if orders:
            self._arrive(orders)
            for point, own in orders.grouped("pickup_point_id").items():
                point.with_user(self.operator).hand_over(own.ids)
        self._split()
        self._take_steps(case.get("received", ()))
        self.assertEqual(self._get_earned(self.lily), lily)
        for name, amount in others.items():
            self.assertEqual(self._measure(name), amount, name)
        for one in orders:
            self.assertShared(one)
        self._check_agreement()

    def _check_expected(self, amount):
        self._work_out()
        commissions = self._get_commissions(self.order)
        self.assertEqual(set(commissions.mapped("state")) - {"estimated"}, set())
        self.assertAlmostEqual(sum(commissions.mapped("amount")), amount, 6)
        self.assertEqual(commissions._sum_expected(self.lily), amount)

    def _prepare(self, case):
        company = self.company
        company.groupbuy_service_rate = case.get("service", 8)
        company.groupbuy_commission_base = case.get("base", "total")
        self.lily.level_id = self[case.get("level", "silver")]
        self.max.level_id = self[case.get("max_level", "silver")]
        if "max_is" in case:
            self.max.partner_id = self[case["max_is"]].partner_id
        price = case.get("price", 10)
        self.campaign = self._create_campaign(
            self._offer(self.leek, price, case.get("tiers")),
            self._offer(self.ginger, 20),
        )
        other = self.env["res.partner"].create({"name": "Red Farm"})
        for rule in case.get("rules", ()):
            self.rule = self._rule(**self._translate(rule, other))
        if coupon := dict(case.get("coupon", {})):
            if "discount_product_ids" in coupon:
                coupon["discount_product_ids"] = self.leek.ids
            program = self._create_coupon_program("OFF", **coupon)
            program.groupbuy_bearer = case.get("bearer", "platform")

    def _translate(self, rule, other):
        """:return: the values of a rule in the words of the table"""
        today = self.company._get_groupbuy_date()
        vals = {"rate": rule.get("rate", 0), "kind": rule.get("kind", "service")}
        if "fixed" in rule:
            vals.update(method="fixed", unit_amount=rule["fixed"])
        if "product" in rule:
            vals["product_tmpl_id"] = self[rule["product"]].product_tmpl_id.id
        if "category" in rule:
            vals["category_id"] = self[rule["category"]].id
        if "level" in rule:
            vals["level_id"] = self[rule["level"]].id
        if "campaign" in rule:
            this = rule["campaign"] == "this"
            campaign = self.campaign if this else self._create_campaign(publish=False)
            vals["campaign_id"] = campaign.id
        if "merchant" in rule:
            merchant = self.merchant if rule["merchant"] == "merchant" else other
            vals.update(seller="others", seller_id=merchant.id)
        if "seller" in rule:
            vals["seller"] = rule["seller"]
        if "base" in rule:
            vals["reckoned_on"] = rule["base"]
        for field, name in (("date_from", "from"), ("date_to", "until")):
            if name in rule:
                vals[field] = today + timedelta(days=rule[name])
        return vals

    def __getitem__(self, name):
        return getattr(self, name)

    def _take_steps(self, steps):
        for step, *args in steps:
            getattr(self, f"_step_{step}")(*args)
            self._run_jobs()
            self._split()

    def _step_refund(self, product, pieces):
        self._refund(self.order, self[product], pieces)

    def _step_allow(self, product, amount):
        self.order._groupbuy_allow(
            self._get_line(self.order, self[product]), amount, "Spots"
        )

    def _step_take_off(self, product, pieces):
        line = self._get_line(self.order, self[product])
        self.order._groupbuy_take_off({line: pieces}, "Missing")

    def _step_settle(self):
        self._settle()

    def _step_undo(self):
        self.order.groupbuy_handover_ids.with_user(self.operator).undo()

    def _step_again(self):
        self.point.with_user(self.operator).hand_over(self.order.ids)

    def _step_cancel(self):
        self.order.with_user(self.ann).action_groupbuy_cancel()

    def _step_another(self, product, pieces):
        self._buy(self.campaign, self.ben, {self[product]: pieces})

    def _step_level(self, level):
        self.lily.level_id = self[level]

    def _step_suspend(self, name):
        self[name].state = "suspended"

    def _step_rule(self, vals):
        self.rule.write(vals)

    def _step_new_rule(self, rate):
        self._rule(rate)

    def _step_usual(self, rate):
        self.company.groupbuy_service_rate = rate

    def _step_move(self):
        self.order.with_user(self.ann).action_groupbuy_move_point(self.west.id)

    def _step_transfer(self):
        self.order._groupbuy_set_leader(self.max)

    def _step_transfer_to_nobody(self):
        self.order._groupbuy_set_leader(self.max.browse())

    def _step_appoint(self):
        self.point.leader_id = self.max

    def _measure(self, name):
        if name == "merchant":
            return self._get_balance(self.merchant, "merchant")
        if name == "unsettled":
            return self._get_earned(self.lily, settlement_id=False)
        leader, _sep, kind = name.partition("_")
        return self._get_earned(self[leader], kind or "commission")

    def _check_agreement(self):
        """What is shown to leaders is what the ledger says; the books add up."""
        self._work_out()
        for commission in self._get_commissions(self.order):
            if commission.state not in ("estimated", "reversed"):
                self.assertEqual(commission.amount, commission.earned)
            if commission.state == "reversed":
                self.assertEqual(commission.earned, 0)
            self.assertTrue(commission.reason)
        for rule in self.env["groupbuy.money"]._check(self.company):
            if rule["name"] in ("shares", "accrual", "expense", "settlements"):
                self.assertTrue(rule["ok"], rule)


def _add_tests():
    for name, case in CASES.items():

        def test(self, case=case):
            self._work(*case)

        test.__name__ = f"test_{name}"
        test.__qualname__ = f"{TestCommissionTable.__qualname__}.test_{name}"
        setattr(TestCommissionTable, test.__name__, test)


_add_tests()
