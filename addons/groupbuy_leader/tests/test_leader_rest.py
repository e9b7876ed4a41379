from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .portal_common import LeaderPortalCommon


@tagged("post_install", "-at_install")
class TestLeaderRest(LeaderPortalCommon):
    """Dot rests, and Eva stands in."""

    def setUp(self):
        super().setUp()
        self.today = self.company._get_groupbuy_date()

    def _day(self, days):
        return str(self.today + timedelta(days=days))

    def _get_told(self, leader):
        """:return: what a leader was told alone, the last first"""
        return self.env["mail.message"].search(
            [
                ("model", "=", leader._name),
                ("res_id", "=", leader.id),
                ("message_type", "=", "user_notification"),
            ],
            order="id desc",
        )

    def _save(self, point=None, **data):
        point = point or self.point
        return self._post(f"/my/leader/rest/{point.id}/save", data)

    def test_a_rest_takes_no_orders_on_its_days(self):
        self._sign_in(self.dot)
        self._save(
            rest_from=self._day(2), rest_until=self._day(5), rest_note="At my mother's"
        )
        resting = [
            day
            for day in range(8)
            if self.point._is_resting(self.today + timedelta(days=day))
        ]
        self.assertEqual(resting, [2, 3, 4, 5])
        self.assertEqual(self.point.rest_note, "At my mother's")
        self.assertIn("Rest planned", self._get("/my/leader/rest").text)
        with self._later(days=6):
            self.assertIn("Open again", self._get("/my/leader/rest").text)
        self._post(f"/my/leader/rest/{self.point.id}/end", {})
        self.assertFalse(self.point.resting)
        self.assertFalse(self.point.rest_note)

    def test_the_note_is_the_same_in_all_languages(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.leader._rest(self.point, {"rest_note": "old"})
        leader = self.leader.with_context(lang="zh_CN")
        leader._rest(self.point.with_context(lang="zh_CN"), {"rest_note": "new"})
        for lang in ("en_US", "zh_CN"):
            self.assertEqual(self.point.with_context(lang=lang).rest_note, "new")

    def test_a_substitute_runs_the_point_on_these_days_only(self):
        self._sign_in(self.dot)
        self._save(
            rest_from=self._day(1),
            rest_until=self._day(2),
            substitute_id=self.other_leader.id,
        )
        runs = []
        for days in range(4):
            with self._later(days=days):
                self.env.invalidate_all()
                runs.append(self.point._can_be_run_by(self.eva))
                self.assertTrue(self.point._can_be_run_by(self.dot))
        self.assertEqual(runs, [False, True, True, False])

    def test_a_substitute_does_the_days_work(self):
        self.leader._rest(self.point, {"substitute_id": self.other_leader.id})
        transfer = self._dispatch(self.first + self.second)
        self._sign_in(self.eva)
        page = self._page("/my/leader")
        self.assertEqual(self._figure(page, "coming"), 1)
        self.assertIn("You stand in at East Gate", self._text(page))
        self._post(f"/my/leader/arrivals/{transfer.id}/record", {})
        self.assertEqual(self.first.groupbuy_status, "ready")
        self.point.with_user(self.eva).hand_over(self.first.ids)
        self.env.invalidate_all()
        self.assertEqual(self.first.groupbuy_status, "received")
        # Whose customers these are does not change.
        self._get(f"/my/leader/customers/{self.ann.partner_id.id}", 404)
        self.other_leader.state = "suspended"
        self.assertFalse(self.point._can_be_run_by(self.eva))

    def test_a_substitute_can_keep_the_point_open(self):
        self._sign_in(self.dot)
        self._save(substitute_id=self.other_leader.id, rest_open="1")
        self.assertTrue(self.point.resting)
        self.assertFalse(self.point._is_resting(self.today))
        self.assertTrue(self.point._can_be_run_by(self.eva))
        self.other_leader.state = "suspended"
        self.assertTrue(self.point._is_resting(self.today), "nobody is there")

    def test_who_stands_in_is_told_and_can_decline(self):
        self._sign_in(self.dot)
        self._save(rest_from=self._day(1), substitute_id=self.other_leader.id)
        told = self._get_told(self.other_leader)
        self.assertEqual(told.subject, "You stand in at East Gate")
        self.assertEqual(told.notified_partner_ids, self.eva.partner_id)
        self._save(
            rest_from=self._day(1), substitute_id=self.other_leader.id, rest_note="x"
        )
        self._save(rest_from=self._day(2), substitute_id=self.other_leader.id)
        self.assertEqual(self._get_told(self.other_leader), told, "told once")
        self._sign_in(self.eva)
        self.assertIn("You stand in at East Gate", self._get("/my/leader/rest").text)
        self._post(f"/my/leader/rest/{self.point.id}/decline", {})
        self.env.invalidate_all()
        self.assertFalse(self.point.substitute_id)
        self.assertTrue(self.point.resting)
        self.assertEqual(
            self._get_told(self.leader).subject, "Nobody stands in at East Gate"
        )

    def test_of_another_rest_a_substitute_is_told_again(self):
        rest = {"rest_until": self._day(1), "substitute_id": self.other_leader.id}
        self.leader._rest(self.point, rest)
        told = self._get_told(self.other_leader)
        with self._later(days=2):
            self.leader._rest(self.point, {**rest, "rest_until": self._day(3)})
        self.assertEqual(len(self._get_told(self.other_leader) - told), 1)

    def test_points_of_the_suspended_rest_whoever_stood_in(self):
        self.leader._rest(
            self.point, {"substitute_id": self.other_leader.id, "rest_open": True}
        )
        self.assertFalse(self.point._is_resting(self.today))
        self.leader.action_suspend("Goods were left outside.", rest=True)
        self.assertTrue(self.point._is_resting(self.today))
        self.assertFalse(self.point._can_be_run_by(self.eva))

    def test_operators_see_and_decide_who_stands_in(self):
        operator = new_test_user(
            self.env, "gb_operator", groups="community_groupbuy.group_operator"
        )
        point = self.point.with_user(operator)
        with Form(point) as form:
            form.resting = True
            form.substitute_id = self.other_leader
            form.rest_open = True
        self.assertFalse(self.point._is_resting(self.today))
        with Form(point) as form:
            form.substitute_id = self.env["groupbuy.leader"]
        self.assertTrue(self.point._is_resting(self.today))
        with Form(point) as form:
            form.substitute_id = self.other_leader
        # What another rest begins with is said anew.
        for resting in (False, True):
            with Form(point) as form:
                form.resting = resting
        self.assertTrue(self.point._is_resting(self.today))
        self.assertFalse(self.point.substitute_id)

    def test_nobody_stands_in_for_a_leader_who_has_left(self):
        self.leader._rest(self.point, {"substitute_id": self.other_leader.id})
        third = self._create_leader(self.fay)
        self.point.leader_id = third
        self.assertFalse(self.point._can_be_run_by(self.eva))
        self.assertTrue(self.point._can_be_run_by(self.fay))

    def test_bad_input_is_refused_in_words(self):
        self._sign_in(self.dot)
        suspended = self._create_leader(self.fay, state="suspended")
        for data in (
            {"rest_from": "tomorrow"},
            {"rest_until": "2020-01-01"},
            {"rest_from": self._day(3), "rest_until": self._day(2)},
            {"rest_from": "9999-01-01"},
            {"rest_note": "x" * 201},
            {"substitute_id": self.leader.id},
            {"substitute_id": suspended.id},
            {"substitute_id": "x"},
            {"substitute_id": str(2**70)},
            {"rest_open": "1"},
        ):
            self.assertTrue(self._alert(self._save(**data)), data)
        self.env.invalidate_all()
        self.assertFalse(self.point.resting)
        page = self._parse(self._save(rest_note="y" * 201))
        self.assertEqual(page.xpath("//input[@name='rest_note']/@value"), ["y" * 201])

    def test_other_leaders_points_do_not_rest_for_me(self):
        self._sign_in(self.dot)
        for step in ("save", "end", "decline"):
            for point_id in (self.west.id, 2**31 - 1, 2**70):
                answer = self._post(f"/my/leader/rest/{point_id}/{step}", {})
                self.assertTrue(self._alert(answer), step)
        self.assertFalse(self.west.resting)
        with self.assertRaises(AccessError):
            self.west.with_user(self.dot).resting = True
        with self.assertRaises(UserError):
            self.leader._rest(self.west, {})
