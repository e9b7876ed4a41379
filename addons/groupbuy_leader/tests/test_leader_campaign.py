from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import groupbuy_leader_campaign
from .sharing_common import SharingCommon


@tagged("post_install", "-at_install")
class TestLeaderCampaign(SharingCommon):
    """Leaders run the platform's campaigns as their own, within its limits."""

    def setUp(self):
        super().setUp()
        now = fields.Datetime.now()
        self.origin = self._create_campaign(
            self._example(quota=60, max_per_resident=30),
            self._offer(self.ginger, 18),
            name="Harvest",
            leader_open=True,
            leader_max_days=3,
            date_close=now + timedelta(days=10),
            pickup_date=now + timedelta(days=11),
            door_delivery=True,
            recurrence="weekly",
            on_failure="extend",
        )
        self.leeks, self.gingers = self.origin.offer_ids

    def _publish(self, leader=None, **changes):
        leader = leader or self.leader
        vals = {
            "origin": self.origin,
            "name": "",
            "text": "",
            "date_open": None,
            "date_close": fields.Datetime.now() + timedelta(days=2),
            "point_ids": leader.point_ids.ids,
            "offer_ids": self.origin.offer_ids.ids,
            **changes,
        }
        campaign = self._as(leader)._publish_campaign(**vals)
        return campaign.with_env(self.env)

    def _remaining(self, campaign, product):
        """:return: (what the backend says is left, what the page says)"""
        self.env.invalidate_all()
        offer = campaign.offer_ids.filtered(lambda offer: offer.product_id == product)
        progress = campaign._get_public_progress(campaign.id)
        (shown,) = (
            values["remaining"]
            for values in progress["offers"]
            if values["id"] == offer.id
        )
        return offer.remaining, shown

    # === COPIES === #

    def test_a_copy_is_not_open_for_leaders_before_somebody_says_so(self):
        self.assertFalse(self.origin.copy().leader_open)
        self.origin._schedule_next()
        successor = self.env["groupbuy.campaign"].search(
            [("name", "=", "Harvest"), ("id", "!=", self.origin.id)]
        )
        self.assertTrue(successor.leader_open)

    def test_a_copy_of_a_leaders_campaign_has_a_quota(self):
        copy = self._publish().copy()
        self.assertEqual(copy.offer_ids.mapped("quota"), [60, 0])
        self.assertFalse(copy.offer_ids.quota_offer_id)

    def test_buying_again_leads_to_leaders_of_ones_own_point_only(self):
        order = self._buy(self.origin, self.cem, {self.leek: 2})
        # Of a draft, which goes on: leaders' close with the platform's.
        draft = self._create_campaign(self._example(), publish=False, leader_open=True)
        mine = self._publish(
            origin=draft,
            offer_ids=draft.offer_ids.ids,
            date_close=draft.date_close - timedelta(hours=1),
        )
        (self.origin | self.campaign).action_close()
        self._run_jobs()
        self.assertEqual(self.origin.state, "succeeded")
        # Nor does the shop sell it.
        self.leek.website_published = False
        for point, found in ((self.point, mine), (self.west, mine.browse())):
            order.pickup_point_id = point
            again, _pieces = order.with_user(self.cem)._groupbuy_find_again()
            self.assertEqual(again, found)

    def test_a_leader_without_points_shares_nothing(self):
        self.assertTrue(self._as(self.other_leader)._get_shared())
        self.west.leader_id = False
        self.assertFalse(self._as(self.other_leader)._get_shared())

    # === PUBLISH === #

    def test_a_leader_publishes_for_own_points_with_own_words(self):
        campaign = self._publish(
            name="  Ann's   harvest ",
            text="Fresh on Friday.\r\n<b>Come</b>!  ",
            offer_ids=self.leeks.ids,
        )
        self.assertEqual(campaign.state, "open")
        self.assertEqual(campaign.name, "Ann's harvest")
        self.assertEqual(campaign.leader_text, "Fresh on Friday.\n<b>Come</b>!")
        self.assertEqual(campaign.leader_id, self.leader)
        self.assertEqual(campaign.origin_id, self.origin)
        self.assertEqual(campaign.pickup_point_ids, self.point)
        self.assertEqual(campaign.pickup_date, self.origin.pickup_date)
        self.assertFalse(campaign.door_delivery or campaign.leader_open)
        self.assertEqual(campaign.recurrence, "none")
        self.assertEqual(campaign.on_failure, "refund")
        offer = campaign.offer_ids
        self.assertEqual(offer.product_id, self.leek)
        self.assertEqual(offer._get_ladder(), self.leeks._get_ladder())
        self.assertEqual(offer.max_per_resident, 30)
        self.assertEqual(offer.quota_offer_id, self.leeks)
        page = self._text(self._page(campaign._get_website_url()))
        self.assertIn("Fresh on Friday. <b>Come</b>!", page)

    def test_without_a_title_it_has_the_platforms_in_every_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.origin.with_context(lang="zh_CN").name = "丰收"
        campaign = self._publish()
        self.assertEqual(campaign.with_context(lang="zh_CN").name, "丰收")
        own = self._as(self.leader).with_context(lang="zh_CN")
        own._edit_campaign(campaign.sudo(), "东门丰收", "")
        self.assertEqual(campaign.with_context(lang="en_US").name, "东门丰收")

    def test_limits_of_the_platform_hold(self):
        now = fields.Datetime.now()
        for changes, message in (
            ({"date_close": now + timedelta(days=4)}, "3 days at most"),
            ({"date_close": now + timedelta(days=11)}, "at the latest"),
            ({"date_close": now + timedelta(minutes=30)}, "at least 1 h"),
            ({"date_close": now - timedelta(days=1)}, "at least 1 h"),
            ({"date_close": None}, "opens and closes"),
            ({"date_close": "2030-01-01"}, "opens and closes"),
            ({"point_ids": []}, "own pickup points"),
            ({"point_ids": self.west.ids}, "own pickup points"),
            ({"point_ids": [self.point.id, self.west.id]}, "own pickup points"),
            ({"point_ids": ["1"]}, "what the page shows"),
            ({"point_ids": "1"}, "what the page shows"),
            ({"point_ids": [2**70]}, "own pickup points"),
            ({"offer_ids": []}, "at least one product"),
            ({"offer_ids": self.campaign.offer_ids.ids}, "at least one product"),
            ({"offer_ids": [True]}, "what the page shows"),
            ({"name": "x" * 81}, "at most 80"),
            ({"name": 7}, "are words"),
            ({"text": "x" * 2001}, "2,000"),
            ({"text": "\0"}, "are words"),
            ({"origin": self.campaign.sudo()}, "not open for you"),
        ):
            with (
                self.subTest(**changes),
                self.assertRaisesRegex(UserError, message),
                self.cr.savepoint(),
            ):
                self._publish(**changes)
        self.assertFalse(self.origin.leader_campaign_ids)

    def test_no_more_points_than_allowed(self):
        self.west.leader_id = self.leader
        self.origin.leader_max_points = 1
        points = self.point + self.west
        with self.assertRaisesRegex(UserError, "at most 1 pickup points"):
            self._publish(point_ids=points.ids)
        self.origin.leader_max_points = 0
        self.assertEqual(self._publish(point_ids=points.ids).pickup_point_ids, points)

    def test_it_opens_no_earlier_than_the_platforms(self):
        opens = fields.Datetime.now() + timedelta(days=1)
        self.origin.action_cancel()
        origin = self._create_campaign(
            self._example(),
            publish=False,
            leader_open=True,
            date_open=opens,
            date_close=opens + timedelta(days=5),
        )
        campaign = self._publish(
            origin=origin,
            offer_ids=origin.offer_ids.ids,
            date_close=opens + timedelta(days=2),
        )
        self.assertEqual(campaign.date_open, opens)
        self.assertEqual(campaign.state, "scheduled")

    def test_only_what_is_open_for_leaders_at_their_points_can_be_run(self):
        origins = self._as(self.leader)._get_origins
        self.assertEqual(origins(), self.origin)
        self.origin.pickup_point_ids = self.west
        self.assertFalse(origins())
        self.origin.pickup_point_ids = self.point + self.west
        self.assertEqual(origins(), self.origin)
        self.origin.leader_open = False
        self.assertFalse(origins())
        self.origin.leader_open = True
        self.origin.action_cancel()
        self.assertFalse(origins())

    def test_a_leader_runs_a_campaign_once_at_a_time(self):
        campaign = self._publish()
        with self.assertRaisesRegex(UserError, "run it already"):
            self._publish()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
            self.cr.savepoint(),
        ):
            campaign.copy({"origin_id": self.origin.id, "leader_id": self.leader.id})
        self._publish(self.other_leader)
        self._as(self.leader)._withdraw_campaign(campaign.sudo())
        self.assertEqual(campaign.state, "cancelled")
        self._publish()

    def test_only_the_leader_in_person_publishes(self):
        for leader in (
            self.leader.sudo(),
            self.leader.with_user(self.ben).sudo(),
        ):
            with self.assertRaises(AccessError):
                leader._check_is_run()
        self.leader.state = "suspended"
        with self.assertRaises(AccessError):
            self._publish()

    def test_residents_and_leaders_cannot_write_campaigns_over_rpc(self):
        campaign = self._publish()
        for user in (self.ann, self.cem):
            for method, *args in (
                ("write", {"leader_text": "x"}),
                ("write", {"leader_open": True}),
                ("copy",),
                ("unlink",),
                ("action_cancel",),
            ):
                with (
                    self.subTest(user=user.login, method=method),
                    self.assertRaises(AccessError),
                    self.cr.savepoint(),
                ):
                    getattr(campaign.with_user(user), method)(*args)
            names = campaign.with_user(user).fields_get()
            self.assertNotIn("leader_id", names)
            self.assertNotIn("origin_id", names)

    # === ONE QUOTA === #

    def test_all_sell_from_one_quota(self):
        mine, others = self._publish(), self._publish(self.other_leader)
        self._buy(mine, self.cem, {self.leek: 25})
        self._buy(others, self.dot, {self.leek: 20}, point=self.west)
        self._join(self.origin, self.eva, {self.leek: 10})
        for campaign in (self.origin, mine, others):
            self.assertEqual(self._remaining(campaign, self.leek), (5, 5))
            self.assertEqual(self._remaining(campaign, self.ginger), (-1, None))
        for campaign, point in ((self.origin, None), (mine, None), (others, self.west)):
            with self.assertRaisesRegex(UserError, "only 5 left"):
                self._join(campaign, self.fay, {self.leek: 6}, point=point)
        order = self._buy(others, self.fay, {self.leek: 5}, point=self.west)
        with self.assertRaisesRegex(UserError, "sold out"):
            self._join(self.origin, self.fay, {self.leek: 1})
        order.with_user(self.fay).action_groupbuy_cancel()
        self.assertEqual(self._remaining(self.origin, self.leek), (5, 5))

    def test_prices_fall_by_what_ones_own_neighbours_buy(self):
        mine, others = self._publish(), self._publish(self.other_leader)
        self._buy(mine, self.cem, {self.leek: 20})
        order = self._join(others, self.dot, {self.leek: 1}, point=self.west)
        self.assertEqual(order.amount_total, 10)
        order = self._join(mine, self.dot, {self.leek: 1})
        self.assertEqual(order.amount_total, 9)

    def test_late_money_finds_no_pieces_that_another_leader_sold(self):
        mine = self._publish()
        late = self._join(mine, self.cem, {self.leek: 30})
        with self._later(minutes=16):
            self._buy(self.origin, self.dot, {self.leek: 30})
            self._buy(self.origin, self.eva, {self.leek: 10})
            self._pay(late)
            self.assertEqual(late.state, "cancel")
            late.invalidate_recordset()
            self.assertEqual(self._remaining(mine, self.leek), (20, 20))

    def test_the_quota_is_changed_with_the_platforms_offer_only(self):
        mine = self._publish()
        self._buy(mine, self.cem, {self.leek: 25})
        with self.assertRaisesRegex(UserError, "25 pieces are taken"):
            self.leeks.quota = 24
        self.leeks.quota = 26
        self.assertEqual(self._remaining(mine, self.leek), (1, 1))
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
            self.cr.savepoint(),
        ):
            mine.offer_ids[1].quota = 5
            mine.offer_ids.flush_recordset()

    def test_full_is_when_the_shared_quota_is_bought(self):
        self.origin.close_when_full = True
        mine = self._publish(offer_ids=self.leeks.ids)
        self._buy(self.origin, self.cem, {self.leek: 30})
        self._buy(mine, self.dot, {self.leek: 29})
        self._sweep()
        self.assertEqual(mine.state, "open")
        self._buy(mine, self.eva, {self.leek: 1})
        self._sweep()
        self.assertEqual(mine.state, "succeeded")
        self.assertEqual(mine.offer_ids.final_quantity, 30)
        # Ginger has no quota.
        self.assertEqual(self.origin.state, "open")

    def test_a_clone_of_the_platforms_campaign_has_a_quota_of_its_own(self):
        mine = self._publish()
        clone = self.origin.copy()
        self.assertFalse(clone.offer_ids.quota_offer_id)
        self.assertEqual(clone.offer_ids[0].quota, 60)
        self.assertFalse(mine.copy().leader_id)

    # === WHAT BECOMES OF IT === #

    def test_its_orders_are_its_leaders(self):
        mine = self._publish()
        self.assertEqual(
            self._join(mine, self.cem, {self.leek: 1}).groupbuy_referrer_id, self.leader
        )
        self.assertFalse(
            self._join(mine, self.ann, {self.leek: 1}).groupbuy_referrer_id
        )

    def test_once_joined_it_goes_on(self):
        mine = self._publish()
        self._join(mine, self.cem, {self.leek: 1})
        with self.assertRaisesRegex(UserError, "Neighbours have joined"):
            self._as(self.leader)._withdraw_campaign(mine.sudo())
        with self.assertRaises(AccessError):
            self._as(self.other_leader)._withdraw_campaign(mine.sudo())
        with self.assertRaisesRegex(UserError, "can no longer be changed"):
            self._as(self.other_leader)._edit_campaign(mine.sudo(), "Mine", "")

    def test_platforms_campaigns_alone_are_opened_for_leaders(self):
        mine = self._publish()
        with self.assertRaises(ValidationError):
            mine.leader_open = True
        action = self.origin.action_view_leader_campaigns()
        listed = self.env["groupbuy.campaign"].search(action["domain"])
        self.assertEqual(len(listed), self.origin.leader_campaign_count)
        self.assertEqual(len(listed), 1)

    def test_neighbours_find_it_at_its_point_and_on_its_leaders_page(self):
        mine = self._publish(name="Only here")
        self.assertNotIn("Only here", self._get("/groupbuy?point=0").text)
        self.assertIn("Only here", self._get(f"/groupbuy?point={self.point.id}").text)
        self.assertNotIn("Only here", self._get(f"/groupbuy?point={self.west.id}").text)
        page = self._get(self.leader._get_share_path()).text
        self.assertIn("Only here", page)
        # The platform's own would be the same goods twice.
        self.assertNotIn(self.origin._get_website_url(), page)
        page = self._get(self.other_leader._get_share_path()).text
        self.assertNotIn("Only here", page)
        self.assertIn(self.origin._get_website_url(), page)
        self.assertEqual(self._as(self.leader)._get_shared()[:1], mine.sudo())

    # === THE PLATFORM'S SAY === #

    def test_what_the_platform_calls_off_leaders_do_not_sell(self):
        mine = self._publish()
        order = self._buy(mine, self.cem, {self.leek: 2})
        self.origin.action_cancel()
        self._run_jobs()
        self.assertEqual(mine.state, "cancelled")
        self.assertEqual(order.state, "cancel")

    def test_leaders_close_with_the_platform_at_the_latest(self):
        now = fields.Datetime.now()
        mine = self._publish()
        unopened = self._publish(self.other_leader, date_open=now + timedelta(days=1))
        self.origin.date_close = now + timedelta(hours=6)
        self.assertEqual(mine.date_close, self.origin.date_close)
        self.assertEqual(unopened.state, "cancelled")
        # Also when all of it happens within a second.
        with self._later():
            mine.date_open = fields.Datetime.now()
            self._buy(mine, self.cem, {self.leek: 2})
            self.origin.action_close()
            self._sweep()
        self.assertEqual(mine.state, "succeeded")
        with self.assertRaises(UserError):
            self._join(mine, self.dot, {self.leek: 1})

    def test_corrections_reach_leaders_until_a_neighbour_has_agreed(self):
        mine = self._publish()
        others = self._publish(self.other_leader, offer_ids=self.leeks.ids)
        tiers = [Command.clear(), Command.create({"min_quantity": 10, "price": 9.5})]
        self.leeks.write({"base_price": 11, "tier_ids": tiers})
        for campaign in (mine, others):
            self.assertEqual(
                campaign.offer_ids[0]._get_ladder(), self.leeks._get_ladder()
            )
        self._buy(others, self.dot, {self.leek: 1}, point=self.west)
        for offer_vals in ({"base_price": 12}, {"tier_ids": [Command.clear()]}):
            with self.assertRaisesRegex(UserError, "have joined already"):
                self.leeks.write(offer_vals)
        with self.assertRaisesRegex(UserError, "have joined already"):
            self.leeks.tier_ids.price = 9
        self.gingers.write({"base_price": 17, "min_quantity": 2})
        self.assertEqual(mine.offer_ids[1].base_price, 17)
        self.assertEqual(mine.offer_ids[1].min_quantity, 2)
        # Who bought there gets the money back: nothing is agreed any more.
        others.action_cancel()
        self.leeks.base_price = 12
        self.assertEqual(mine.offer_ids[0].base_price, 12)
        self.assertEqual(others.offer_ids.base_price, 11)

    def test_withheld_goods_come_into_no_leaders_hands(self):
        shown = [Domain("product_id", "!=", self.leek.id)]
        self.patch(
            self.env.registry["groupbuy.offer"],
            "_get_shown_domain",
            lambda _offers: shown[0],
        )
        with self.assertRaisesRegex(UserError, "at least one product"):
            self._publish(offer_ids=self.leeks.ids)
        content = self._as(self.leader)._prepare_poster(self.origin.sudo(), "url")
        self.assertEqual([offer[0] for offer in content["offers"]], [self.ginger.name])
        self._sign_in(self.ann)
        page = self._get(f"/my/leader/campaigns/new/{self.origin.id}").text
        self.assertIn(self.ginger.name, page)
        self.assertNotIn(self.leek.name, page)
        self.assertIn("1 products", self._text(self._page("/my/leader/campaigns")))
        shown[0] = Domain.FALSE
        self.assertFalse(self._as(self.leader)._get_origins())

    def test_nobody_publishes_all_day_long(self):
        self.patch(groupbuy_leader_campaign, "MAX_A_DAY", 2)
        for _time in range(2):
            mine = self._publish()
            self._as(self.leader)._withdraw_campaign(mine.sudo())
        with self.assertRaisesRegex(UserError, "go on tomorrow"):
            self._publish()
        self._publish(self.other_leader)
        with self._later(days=1, minutes=1):
            self._publish()

    # === PORTAL === #

    def test_the_form_publishes_in_the_companys_time_zone(self):
        self.company.partner_id.tz = "Asia/Shanghai"
        self._sign_in(self.ann)
        url = f"/my/leader/campaigns/new/{self.origin.id}"
        form = self._page(url)
        (close,) = form.xpath("//input[@name='date_close']/@value")
        post = {
            "name": "",
            "text": "Hello",
            "date_open": "",
            "date_close": "not a date",
            "points": self.point.id,
            "offers": [str(self.leeks.id), str(self.gingers.id)],
        }
        answer = self._post(url, post)
        self.assertEqual(answer.status_code, 200)
        self.assertIn("not a date and time", answer.text)
        self.assertIn("Hello", answer.text)
        for wrong in ("0001-01-01T00:00", "9999-12-31T23:59", "2030-01-01T00:00+08:00"):
            answer = self._post(url, {**post, "date_close": wrong})
            self.assertEqual(answer.status_code, 200, wrong)
        answer = self._post(url, {**post, "date_close": close})
        campaign = self.origin.leader_campaign_ids
        self.assertEqual(answer.status_code, 303, answer.text)
        self.assertIn(f"/my/leader/share/{campaign.id}", answer.headers["Location"])
        self.assertEqual(
            f"{campaign.date_close + timedelta(hours=8):%Y-%m-%dT%H:%M}", close
        )
        self.assertEqual(len(campaign.offer_ids), 2)

    def test_pages_of_campaigns_are_their_leaders(self):
        mine = self._publish()
        urls = [
            "/my/leader/campaigns",
            f"/my/leader/campaigns/{mine.id}",
            f"/my/leader/share/{mine.id}",
        ]
        self._sign_in(self.ann)
        for url in urls:
            self.assertIn("Harvest", self._get(url).text)
        self._sign_in(self.ben)
        for url in urls[1:]:
            self._get(url, status=404)
        for action in ("edit", "withdraw"):
            answer = self._post(f"{urls[1]}/{action}", {"name": "Hijacked"})
            self.assertEqual(answer.status_code, 404)
        self._sign_in(self.cem)
        for url in (*urls, f"/my/leader/campaigns/new/{self.origin.id}"):
            self._get(url, status=404)
        self.assertEqual(mine.name, "Harvest")
        self.assertEqual(mine.state, "open")

    def test_a_leader_edits_and_withdraws_in_the_portal(self):
        mine = self._publish()
        self._sign_in(self.ann)
        url = f"/my/leader/campaigns/{mine.id}"
        self._post(f"{url}/edit", {"name": "Better", "text": "New words"})
        self.assertEqual((mine.name, mine.leader_text), ("Better", "New words"))
        self._post(f"{url}/withdraw", {})
        self.assertEqual(mine.state, "cancelled")
        self._get(f"/my/leader/share/{mine.id}", status=404)

    def test_shared_offers_cannot_be_deleted_under_their_leaders(self):
        self.origin.action_cancel()
        draft = self._create_campaign(self._example(), publish=False, leader_open=True)
        self._publish(
            origin=draft,
            offer_ids=draft.offer_ids.ids,
            date_close=draft.date_close - timedelta(hours=1),
        )
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
            self.cr.savepoint(),
        ):
            draft.write({"offer_ids": [Command.clear()]})
