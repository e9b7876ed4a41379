from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestCampaign(GroupbuyCommon):
    def _draft(self, **vals):
        return self._create_campaign(self._example(), publish=False, **vals)

    # === CONSTRAINTS === #

    @mute_logger("odoo.sql_db")
    def test_values_that_make_no_sense_are_refused(self):
        campaign = self._draft()
        for vals in (
            {"date_close": campaign.date_open},
            {"goal_type": "quantity", "goal_value": 0},
            {"goal_type": "amount", "goal_value": -5},
            {"on_failure": "extend", "extension_hours": 0},
            {"on_failure": "extend", "extension_hours": 721},
        ):
            with self.subTest(vals=vals), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    campaign.write(vals)
                    campaign.flush_recordset()
            campaign.invalidate_recordset()
        close = campaign.date_close
        for vals in (
            {"pickup_date": close - timedelta(hours=1)},
            {"pickup_date": close + timedelta(hours=2),
             "pickup_deadline": close + timedelta(hours=1)},
        ):  # fmt: skip
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                campaign.write(vals)

    # === STATES === #

    def test_publishing_opens_what_is_due_and_schedules_the_rest(self):
        due = self._draft()
        later = self._draft(
            date_open=fields.Datetime.now() + timedelta(hours=1),
            date_close=fields.Datetime.now() + timedelta(hours=5),
        )
        (due + later).action_publish()
        self.assertEqual((due + later).mapped("state"), ["open", "scheduled"])
        cron = self.env.ref("community_groupbuy.campaign_cron")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(later.date_close, triggers.mapped("call_at"))

    def test_only_a_complete_draft_is_published(self):
        empty = self._create_campaign(publish=False)
        with self.assertRaisesRegex(UserError, "add at least one product"):
            empty.action_publish()
        over = self._draft(date_close=fields.Datetime.now() - timedelta(minutes=1))
        with self.assertRaisesRegex(UserError, "closing date has passed"):
            over.action_publish()
        campaign = self._draft()
        campaign.action_publish()
        with self.assertRaisesRegex(UserError, "published already"):
            campaign.action_publish()

    def test_each_action_has_its_states(self):
        allowed = {
            "action_publish": {"draft"},
            "action_back_to_draft": {"scheduled"},
            "action_close": {"scheduled", "open"},
            "action_cancel": {"draft", "scheduled", "open"},
        }
        states = dict(self.env["groupbuy.campaign"]._fields["state"].selection)
        for action, good in allowed.items():
            for state in set(states) - good:
                campaign = self._draft()
                campaign.state = state
                with self.subTest(action=action, state=state):
                    with self.assertRaises(UserError):
                        getattr(campaign, action)()
                    self.assertEqual(campaign.state, state)
        for state in set(states) - {"scheduled", "open"}:
            campaign.state = state
            with self.subTest(state=state), self.assertRaises(UserError):
                campaign.action_extend(5)

    def test_sweep_opens_and_closes_at_the_minute(self):
        now = fields.Datetime.now()
        campaign = self._draft(
            date_open=now + timedelta(hours=1), date_close=now + timedelta(hours=2)
        )
        campaign.action_publish()
        self._sweep()
        self.assertEqual(campaign.state, "scheduled")
        with self._later(minutes=61):
            self._sweep()
            self.assertEqual(campaign.state, "open")
        with self._later(minutes=121):
            self._sweep()
            self.assertIn(campaign.state, ("closing", "failed"))

    def test_sweep_catches_up_after_days_of_outage(self):
        """By state: nothing asks when the sweep last ran."""
        now = fields.Datetime.now()
        never_opened = self._draft(
            date_open=now + timedelta(hours=1), date_close=now + timedelta(hours=2)
        )
        never_opened.action_publish()
        paid = self._create_campaign(self._example())
        order = self._buy(paid, self.ann, 3)
        unpaid = self._join(paid, self.ben, 3)
        closing = self._create_campaign(self._example())
        stuck = self._buy(closing, self.cem, 3)
        closing.action_close()
        self.jobs.enqueued_jobs = []  # lost with the machine
        with self._later(days=9):
            self._sweep()
            self._sweep()
        self.assertEqual(never_opened.state, "failed")
        self.assertEqual((paid + closing).mapped("state"), ["succeeded"] * 2)
        self.assertEqual((order + stuck).mapped("state"), ["sale"] * 2)
        self.assertEqual(unpaid.state, "cancel")
        self.assertEqual(unpaid.groupbuy_cancel_reason, "expired")
        self.assertMoney(order, 30, 0, 30)

    # === GOALS === #

    def test_goals(self):
        """Two residents, 3 + 4 pieces at 10.00: 2 participants, 7 pieces, 70.00."""
        for goal, value, reached in (
            ("none", 0, True),
            ("participants", 2, True), ("participants", 3, False),
            ("quantity", 7, True), ("quantity", 8, False),
            ("amount", 70, True), ("amount", 70.5, False),
        ):  # fmt: skip
            with self.subTest(goal=goal, value=value):
                campaign = self._create_campaign(
                    self._example(), goal_type=goal, goal_value=value
                )
                orders = self._buy(campaign, self.ann, 3)
                orders += self._buy(campaign, self.ben, 4)
                self.assertEqual(
                    campaign.goal_progress >= 99.99, reached and bool(value)
                )
                self._close(campaign)
                self.assertEqual(campaign.state, "succeeded" if reached else "failed")
                for order, amount in zip(orders, (30, 40), strict=True):
                    back = 0 if reached else amount
                    self.assertMoney(order, amount, back, amount - back)

    def test_one_resident_in_two_orders_is_one_participant(self):
        campaign = self._create_campaign(
            self._example(), goal_type="participants", goal_value=2
        )
        self._buy(campaign, self.ann, 3)
        self._buy(campaign, self.ann, 3)
        self.assertEqual(campaign.participant_count, 1)
        self._close(campaign)
        self.assertEqual(campaign.state, "failed")

    def test_campaign_without_participants_fails_quietly(self):
        campaign = self._create_campaign(self._example())
        self._close(campaign)
        self.assertEqual((campaign.state, campaign.outcome), ("failed", "failure"))
        self.assertFalse(campaign.order_ids)
        self.assertFalse(campaign.offer_ids.final_price)

    # === EXTENSION === #

    def test_missed_goal_extends_once_then_refunds(self):
        campaign = self._create_campaign(
            self._example(),
            goal_type="quantity",
            goal_value=10,
            on_failure="extend",
            extension_hours=24,
        )
        order = self._buy(campaign, self.ann, 3)
        self._close(campaign)
        self.assertEqual(campaign.state, "open")
        self.assertTrue(campaign.extended)
        self.assertAlmostEqual(
            campaign.date_close,
            fields.Datetime.now() + timedelta(hours=24),
            delta=timedelta(minutes=1),
        )
        self.assertEqual(order.state, "sent")
        self.assertEqual(
            order.pending_email_template_id,
            self.env.ref("community_groupbuy.mail_template_extended"),
        )
        with self._later(hours=25):
            self._sweep()
        self.assertEqual(campaign.state, "failed")
        self.assertMoney(order, 30, 30, 0)

    def test_extended_campaign_may_still_succeed(self):
        campaign = self._create_campaign(
            self._example(), goal_type="quantity", goal_value=10, on_failure="extend"
        )
        first = self._buy(campaign, self.ann, 3)
        self._close(campaign)
        second = self._buy(campaign, self.ben, 17)
        self._close(campaign)
        self.assertEqual(campaign.state, "succeeded")
        self.assertMoney(first, 30, 3, 27)
        self.assertMoney(second, 153, 0, 153)

    def test_extension_moves_the_pickup_that_would_come_too_early(self):
        close = fields.Datetime.now() + timedelta(days=2)
        campaign = self._create_campaign(
            self._example(),
            date_close=close,
            pickup_date=close + timedelta(hours=5),
            pickup_deadline=close + timedelta(hours=8),
        )
        campaign.action_extend(3)
        self.assertEqual(campaign.pickup_date, close + timedelta(hours=5))
        campaign.action_extend(24)
        self.assertEqual(campaign.pickup_date, close + timedelta(hours=29))
        self.assertEqual(campaign.pickup_deadline, close + timedelta(hours=32))
        for hours in (0, -1, 721):
            with self.assertRaises(UserError):
                campaign.action_extend(hours)

    # === CLOSING EARLY === #

    def test_full_campaign_closes_by_itself_if_so_set(self):
        for close_when_full in (True, False):
            campaign = self._create_campaign(
                self._offer(self.leek, 10, quota=10, pack_size=3),
                self._offer(self.ginger, 20, quota=2),
                close_when_full=close_when_full,
            )
            self._buy(campaign, self.ann, {self.leek: 9})
            self._sweep()
            self.assertEqual(campaign.state, "open", "ginger is left")
            held = self._join(campaign, self.ben, {self.ginger: 2})
            self._sweep()
            self.assertEqual(campaign.state, "open", "held is not bought")
            self._pay(held)
            self._sweep()
            self.assertEqual(campaign.state, "succeeded" if close_when_full else "open")

    def test_closing_before_the_campaign_has_opened(self):
        campaign = self._draft(date_open=fields.Datetime.now() + timedelta(hours=1))
        campaign.action_publish()
        self._close(campaign)
        self.assertEqual(campaign.state, "failed")

    # === CANCEL === #

    def test_cancel_refunds_everybody_in_full(self):
        campaign = self._create_campaign(self._example(), recurrence="weekly")
        paid = self._buy(campaign, self.ann, 3)
        unpaid = self._join(campaign, self.ben, 3)
        campaign.action_cancel()
        self.assertEqual(campaign.state, "cancelled")
        self._run_jobs()
        self.assertEqual((paid + unpaid).mapped("state"), ["cancel"] * 2)
        self.assertMoney(paid, 30, 30, 0)
        self.assertEqual(campaign.offer_ids.paid_quantity, 0)
        copies = self.env["groupbuy.campaign"].search(
            [("name", "=", campaign.name), ("id", ">", campaign.id)]
        )
        self.assertFalse(copies, "a cancelled campaign does not recur")

    def test_cancelled_campaign_is_finished_by_the_sweep_after_a_crash(self):
        campaign = self._create_campaign(self._example())
        paid = self._buy(campaign, self.ann, 3)
        campaign.action_cancel()
        self.jobs.enqueued_jobs = []
        self._sweep()
        self.assertEqual(paid.state, "cancel")
        self.assertMoney(paid, 30, 30, 0)

    # === CLONE AND RECUR === #

    def test_weekly_campaign_schedules_its_next(self):
        campaign = self._create_campaign(
            self._example(quota=7, min_quantity=2), recurrence="weekly"
        )
        opened, closes = campaign.date_open, campaign.date_close
        self._buy(campaign, self.ann, 3)
        with self._later(days=2, minutes=1):
            self._sweep()
        self.assertEqual(campaign.state, "succeeded")
        following = self.env["groupbuy.campaign"].search([("id", ">", campaign.id)])
        self.assertEqual(len(following), 1)
        self.assertEqual(following.name, campaign.name)
        self.assertNotEqual(following.code, campaign.code)
        self.assertEqual(following.state, "scheduled")
        self.assertEqual(following.date_open, opened + timedelta(weeks=1))
        self.assertEqual(following.date_close, closes + timedelta(weeks=1))
        offer = following.offer_ids
        self.assertEqual((offer.quota, offer.min_quantity), (7, 2))
        self.assertEqual(offer.tier_ids.mapped("price"), [9, 8])
        self.assertFalse(offer.final_price or offer.outcome or following.outcome)
        self.assertFalse(following.order_ids)

    def test_weekly_campaign_keeps_its_hours_when_one_week_was_different(self):
        """Closed early or extended this week: next week is as long as planned."""
        campaign = self._create_campaign(self._example(), recurrence="weekly")
        planned = campaign.date_close
        self._buy(campaign, self.ann, 3)
        self._close(campaign)
        following = self.env["groupbuy.campaign"].search([("id", ">", campaign.id)])
        self.assertEqual(following.date_close, planned + timedelta(weeks=1))

    def test_after_a_long_outage_the_next_one_opens_in_the_future(self):
        campaign = self._create_campaign(self._example(), recurrence="weekly")
        with self._later(days=30):
            self._sweep()
            following = self.env["groupbuy.campaign"].search([("id", ">", campaign.id)])
            self.assertGreater(following.date_open, fields.Datetime.now())
            self.assertEqual(
                following.date_open.weekday(), campaign.date_open.weekday()
            )

    def test_only_what_nobody_used_is_deleted(self):
        campaign = self._create_campaign(self._example())
        with self.assertRaisesRegex(UserError, "Cancel a published campaign"):
            campaign.unlink()
        self._join(campaign, self.ann, 1)
        campaign.action_cancel()
        with self.assertRaisesRegex(UserError, "kept for the books"):
            campaign.unlink()
        self._draft().unlink()
