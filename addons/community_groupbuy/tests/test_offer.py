from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestOffer(GroupbuyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(cls._example(quota=100), publish=False)
        cls.offer = cls.campaign.offer_ids

    def assertRefused(self, change):
        """The change is refused, by the database or before it gets there."""
        try:
            with self.env.cr.savepoint():
                change()
                self.env.flush_all()
        except (IntegrityError, ValidationError):
            self.env.invalidate_all()
            return
        self.fail("The change was accepted.")

    # === PRICES AND TIERS === #

    def test_price_is_the_lowest_tier_reached(self):
        for quantity, price, following in (
            (0, 10, 20), (1, 10, 20), (19, 10, 20), (20, 9, 50), (49, 9, 50),
            (50, 8, 0), (10**6, 8, 0),
        ):  # fmt: skip
            with self.subTest(quantity=quantity):
                self.assertEqual(self.offer._get_price(quantity), price)
                tier = self.offer._get_next_tier(quantity)
                self.assertEqual(tier.min_quantity, following)

    def test_base_price_is_the_shops_until_somebody_says_otherwise(self):
        offer = self.env["groupbuy.offer"].create(
            {"campaign_id": self.campaign.id, "product_id": self.ginger.id}
        )
        self.assertEqual(offer.base_price, 20)

    def test_prices_must_fall(self):
        for tiers in (
            {20: 10},
            {20: 11},
            {20: 9, 50: 9},
            {20: 9, 50: 9.5},
            {20: 9.999},
        ):
            with self.subTest(tiers=tiers), self.assertRaises(ValidationError):
                self._create_campaign(self._offer(self.leek, 10, tiers))

    def test_prices_must_fall_also_when_tiers_are_edited_directly(self):
        first, second = self.offer.tier_ids
        with self.assertRaises(ValidationError):
            second.price = 9.5
        with self.assertRaises(ValidationError):
            first.min_quantity = 60
        with self.assertRaises(ValidationError):
            self.env["groupbuy.tier"].create(
                {"offer_id": self.offer.id, "min_quantity": 30, "price": 9}
            )
        with self.assertRaises(ValidationError):
            self.offer.base_price = 9

    @mute_logger("odoo.sql_db")
    def test_numbers_that_make_no_sense_are_refused(self):
        for vals in (
            {"base_price": 0}, {"base_price": -1}, {"quota": -1}, {"min_quantity": -1},
            {"pack_size": 0}, {"max_per_order": -1}, {"max_per_resident": -1},
        ):  # fmt: skip
            with self.subTest(vals=vals):
                self.assertRefused(lambda vals=vals: self.offer.write(vals))
        for vals in (
            {"min_quantity": 1, "price": 9.5},
            {"min_quantity": 0, "price": 9.5},
            {"min_quantity": 20, "price": 8.5},
            {"min_quantity": 60, "price": 0},
            {"min_quantity": 60, "price": -1},
        ):
            tier = {"offer_id": self.offer.id, **vals}
            with self.subTest(vals=vals):
                self.assertRefused(lambda tier=tier: self.offer.tier_ids.create(tier))
        self.assertRefused(self.offer.copy)

    def test_limits_must_leave_room_for_a_pack(self):
        self.offer.write({"quota": 12, "pack_size": 6})
        for vals in ({"quota": 5}, {"max_per_order": 5}, {"max_per_resident": 5},
                     {"pack_size": 13}, {"min_quantity": 13}):  # fmt: skip
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                with self.env.cr.savepoint():
                    self.offer.write(vals)

    # === AGREED === #

    def _open(self):
        self.campaign.action_publish()
        return self._join(self.campaign, self.ann, 30)

    def test_terms_stand_still_as_soon_as_somebody_has_joined(self):
        self._open()
        tier = self.offer.tier_ids[0]
        for change in (
            lambda: self.offer.write({"base_price": 9.5}),
            lambda: self.offer.write({"product_id": self.ginger.id}),
            lambda: self.offer.write({"min_quantity": 50}),
            lambda: self.offer.write({"pack_size": 2}),
            lambda: self.offer.write({"tier_ids": [Command.clear()]}),
            lambda: self.offer.write({"quota": 29}),
            lambda: tier.write({"price": 9.5}),
            lambda: tier.write({"min_quantity": 25}),
            lambda: tier.unlink(),
            lambda: tier.create(
                {"offer_id": self.offer.id, "min_quantity": 60, "price": 5}
            ),
            lambda: self.offer.unlink(),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()
            self.env.invalidate_all()
        self.assertEqual(self.offer.tier_ids.mapped("price"), [9, 8])

    def test_quota_may_follow_demand(self):
        self._open()
        self.offer.quota = 30
        self.assertEqual(self.offer.remaining, 0)
        self.offer.quota = 0
        self.assertEqual(self.offer.remaining, -1)
        self.offer.write({"base_price": 10, "pack_size": 1})

    def test_terms_are_free_again_when_nobody_is_left(self):
        order = self._open()
        order.with_user(self.ann).action_groupbuy_cancel()
        self.offer.base_price = 9.5
        self.offer.tier_ids[0].price = 9.2
        self.assertEqual(self.offer.base_price, 9.5)

    # === PROGRESS === #

    def _progress(self):
        self.env.flush_all()
        return self.env["groupbuy.campaign"]._get_public_progress(self.campaign.id)

    def test_progress_is_what_residents_may_rely_on(self):
        self.assertIsNone(self._progress(), "a draft is nobody's business")
        self._open()
        self._buy(self.campaign, self.ben, 22)
        progress = self._progress()
        self.assertEqual(
            set(progress),
            {"campaign", "state", "seconds_left", "participants", "goal", "offers"},
        )
        self.assertEqual(progress["participants"], 1)
        self.assertEqual(
            progress["offers"],
            [
                {
                    "id": self.offer.id,
                    "quantity": 22,
                    "price": 9.0,
                    "next_quantity": 50,
                    "next_price": 8.0,
                    "remaining": 48,
                }
            ],
        )
        self.assertAlmostEqual(progress["seconds_left"], 2 * 86400, delta=60)

    def test_progress_agrees_with_the_offers_own_numbers(self):
        self._open()
        self._buy(self.campaign, self.ben, 22)
        [shown] = self._progress()["offers"]
        self.assertEqual(shown["quantity"], self.offer.paid_quantity)
        self.assertEqual(shown["price"], self.offer.price)
        self.assertEqual(shown["next_quantity"], self.offer.next_quantity)
        self.assertEqual(shown["next_price"], self.offer.next_price)
        self.assertEqual(shown["remaining"], self.offer.remaining)
        self._close(self.campaign)
        self.assertEqual(self._progress()["state"], "closing")
        with self._later(minutes=16):
            self._sweep()
        self.assertEqual(self._progress()["state"], "succeeded")
        [shown] = self._progress()["offers"]
        self.assertEqual((shown["price"], shown["next_quantity"]), (9, None))

    def test_progress_follows_the_clock_before_the_sweep_does(self):
        self.campaign.date_open = fields.Datetime.add(fields.Datetime.now(), hours=1)
        self.campaign.action_publish()
        self.assertEqual(self._progress()["state"], "scheduled")
        with self._later(hours=2):
            self.assertEqual(self._progress()["state"], "open")
        with self._later(days=3):
            self.assertEqual(self._progress()["state"], "closing")
            self.assertEqual(self._progress()["seconds_left"], 0)
