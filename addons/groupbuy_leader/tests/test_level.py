from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from ..models import groupbuy_leader_rank
from .common import LeaderCommon


@tagged("post_install", "-at_install")
class TestLevel(LeaderCommon):
    """Leeks cost 10.00, from 20 pieces 9.00; Ann, Ben and Cem buy at Dot's point."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env, "gb_operator", groups="community_groupbuy.group_operator"
        )
        cls.env["groupbuy.leader.level"].search([]).active = False
        cls.bronze, cls.silver, cls.gold = cls.env["groupbuy.leader.level"].create(
            [
                {"name": "Bronze", "sequence": 1},
                {"name": "Silver", "sequence": 2, "min_turnover": 60, "min_orders": 2},
                {"name": "Gold", "sequence": 3, "min_customers": 3, "days": 30},
            ]
        )

    def _update(self):
        self._run_cron("groupbuy_leader.level_cron")

    def _get_history(self, leader):
        changes = self.env["groupbuy.leader.level.change"].search(
            [("leader_id", "=", leader.id)], order="id"
        )
        return [(change.before_id.name, change.after_id.name) for change in changes]

    # === FIGURES === #

    def test_figures_count_what_others_bought_at_the_leaders_points(self):
        self._buy_at(
            (self.ann, {self.leek: 3}, self.point),
            (self.ann, {self.leek: 2}, self.point),
            (self.ben, {self.leek: 1}, self.point),
            (self.dot, {self.leek: 4}, self.point),
            (self.cem, {self.leek: 5}, self.west),
        )
        figures = self.leader._read_figures(self.leader | self.other_leader, 30)
        own, other = figures[self.leader], figures[self.other_leader]
        self.assertEqual((own["turnover"], own["orders"], own["customers"]), (60, 3, 2))
        self.assertEqual(
            (other["turnover"], other["orders"], other["customers"]), (50, 1, 1)
        )
        with self._later(days=31):
            later = self.leader._read_figures(self.leader, 30)[self.leader]
            self.assertEqual((later["turnover"], later["orders"]), (0, 0))

    def test_what_is_given_back_whole_does_not_count(self):
        orders = self._buy_at((self.ann, {self.leek: 3}, self.point))
        orders._groupbuy_take_off(
            {line: line.product_uom_qty for line in orders.order_line}, "Spoiled"
        )
        self.assertEqual(orders.groupbuy_status, "refunded")
        figures = self.leader._read_figures(self.leader, 30)[self.leader]
        self.assertEqual((figures["turnover"], figures["orders"]), (0, 0))

    # === RULE === #

    def test_the_highest_level_that_is_reached(self):
        self._update()
        self.assertEqual(self.leader.level_id, self.bronze)
        self._buy_at(
            (self.ann, {self.leek: 3}, self.point),
            (self.ben, {self.leek: 3}, self.point),
        )
        self._update()
        self.assertEqual(self.leader.level_id, self.silver)
        self.assertEqual(self.other_leader.level_id, self.bronze)
        self._buy_at((self.cem, {self.leek: 1}, self.point))
        self._update()
        self.assertEqual(self.leader.level_id, self.gold)
        with self._later(days=31):
            # What Gold looks at is over, what Silver looks at is not.
            self._update()
            self.assertEqual(self.leader.level_id, self.silver)
        with self._later(days=91):
            self._update()
            self.assertEqual(self.leader.level_id, self.bronze)
        self.assertEqual(
            self._get_history(self.leader),
            [
                (False, "Bronze"),
                ("Bronze", "Silver"),
                ("Silver", "Gold"),
                ("Gold", "Silver"),
                ("Silver", "Bronze"),
            ],
        )

    def test_history_says_by_which_figures(self):
        self._update()
        self._buy_at(
            (self.ann, {self.leek: 3}, self.point),
            (self.ben, {self.leek: 3}, self.point),
        )
        self._update()
        change = self.leader.level_change_ids[0]
        self.assertEqual((change.turnover, change.orders, change.customers), (60, 2, 2))
        self._update()
        self.assertEqual(len(self.leader.level_change_ids), 2)

    def test_each_company_has_levels_of_its_own(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.env["groupbuy.leader.level"].create(
            {"name": "Platinum", "sequence": 99, "company_id": company.id}
        )
        self._update()
        self.assertEqual(self.leader.level_id, self.bronze)

    def test_without_levels_there_is_none(self):
        self._update()
        (self.bronze | self.silver | self.gold).active = False
        self._update()
        self.assertFalse(self.leader.level_id)

    def test_the_cron_asks_once_for_all_leaders(self):
        self._update()
        leaders = self.leader | self.other_leader
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(12):
            leaders._update_levels()
            self.env.flush_all()

    def test_the_cron_writes_some_leaders_at_a_time(self):
        self.patch(groupbuy_leader_rank, "CHUNK", 1)
        cron_class = self.env.registry["ir.cron"]
        commit_progress, done = cron_class._commit_progress, []

        def note(cron, processed=0, **kwargs):
            leaders = cron.env["groupbuy.leader"].browse(led.ids)
            done.append((processed, len(leaders.filtered("level_id"))))
            return commit_progress(cron, processed, **kwargs)

        self.patch(cron_class, "_commit_progress", note)
        led = self.leader.search([("state", "=", "approved")])
        led.level_id = False
        self._update()
        self.assertEqual(done, [(0, 0), *((1, n + 1) for n in range(len(led)))])

    # === BY HAND === #

    def test_a_level_by_hand_stays_until_it_is_left_to_the_rule(self):
        self._update()
        model = self.env["groupbuy.leader.level.override"].with_user(self.operator)
        context = {"default_leader_ids": self.leader.ids}
        with Form(model.with_context(**context)) as form:
            form.level_id = self.gold
            form.reason = "Opened the north side"
        form.record.action_confirm()
        self._update()
        self.assertEqual(self.leader.level_id, self.gold)
        change = self.leader.level_change_ids[0]
        self.assertRecordValues(
            change,
            [
                {
                    "before_id": self.bronze.id,
                    "after_id": self.gold.id,
                    "by_hand": True,
                    "user_id": self.operator.id,
                    "reason": "Opened the north side",
                }
            ],
        )
        with Form(model.with_context(**context)) as form:
            form.by_rule = True
            form.reason = "As everybody"
        form.record.action_confirm()
        self.assertEqual(self.leader.level_id, self.bronze)
        change = self.env["groupbuy.leader.level.change"].search(
            [("leader_id", "=", self.leader.id)], limit=1
        )
        self.assertEqual(
            (change.reason, change.user_id), ("As everybody", self.operator)
        )

    def test_levels_by_hand_need_a_reason_and_the_right_company(self):
        leader = self.leader.with_user(self.operator)
        with self.assertRaisesRegex(UserError, "Write a reason"):
            leader.action_set_level(self.gold, "")
        with self.assertRaisesRegex(UserError, "Write a reason"):
            leader.action_level_by_rule(False)
        company = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self.gold.copy({"company_id": company.id})
        with self.assertRaisesRegex(UserError, "another company"):
            leader.action_set_level(foreign, "x")


@tagged("post_install", "-at_install")
class TestScore(LeaderCommon):
    def _read(self):
        self._run_cron("groupbuy_leader.level_cron")
        leader = self.leader
        return (leader.arrivals, leader.late, leader.short, leader.brought,
                leader.uncollected, leader.score)  # fmt: skip

    def test_no_score_before_there_is_anything_to_judge(self):
        self.assertEqual(self._read(), (0, 0, 0, 0, 0, 0))

    def test_all_right_is_a_hundred(self):
        self._arrive(self._buy_at((self.ann, {self.leek: 3}, self.point)))
        self.assertEqual(self._read(), (1, 0, 0, 1, 0, 100))

    def test_late_short_and_uncollected_cost(self):
        first = self._buy_at((self.ann, {self.leek: 3}, self.point))
        transfer = self._dispatch(first)
        transfer.groupbuy_record_arrival([{"product_id": self.leek.id, "short": 1}])
        second = self._buy_at((self.ben, {self.leek: 2}, self.point))
        transfer = self._dispatch(second)
        with self._later(days=1):
            # Not recorded on the day yet.
            self.assertEqual(self._read(), (2, 1, 1, 1, 0, 66.7))
            transfer.groupbuy_record_arrival()
            self.assertEqual(self._read(), (2, 1, 1, 2, 0, 66.7))
        with self._later(days=30):
            self.assertEqual(self._read(), (2, 1, 1, 2, 2, 33.3))

    def test_arrivals_stay_those_of_who_received_them(self):
        self._arrive(self._buy_at((self.ann, {self.leek: 3}, self.point)))
        self.point.action_transfer(self.other_leader, move_orders=False)
        self.assertEqual(self._read(), (1, 0, 0, 1, 0, 100))

    def test_ranking_by_period(self):
        self._buy_at(
            (self.ann, {self.leek: 3}, self.point),
            (self.ben, {self.leek: 5}, self.west),
        )
        report = self.env["groupbuy.leader.report"]
        since = fields.Datetime.now() - timedelta(days=1)
        groups = report._read_group(
            [("date", ">=", since), ("company_id", "=", self.company.id)],
            ["leader_id"],
            ["turnover:sum", "customer_id:count_distinct"],
            order="turnover:sum desc",
        )
        own = [group for group in groups if group[0] in self.leader | self.other_leader]
        self.assertEqual(own, [(self.other_leader, 50, 1), (self.leader, 30, 1)])
        with self._later(days=40):
            since = fields.Datetime.now() - timedelta(days=30)
            self.assertFalse(report.search_count([("date", ">=", since)]))
