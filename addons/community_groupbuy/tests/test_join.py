from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestJoin(GroupbuyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(
            cls._offer(cls.leek, 10, {20: 9}, quota=100, max_per_order=30),
            cls._offer(cls.ginger, 20, pack_size=3, max_per_resident=6),
        )
        cls.leeks, cls.gingers = cls.campaign.offer_ids

    def _ask(self, lines, point=None, key="key", campaign=None, user=None):
        campaign = campaign or self.campaign
        point = self.point.id if point is None else point
        return campaign.with_user(user or self.ann).join(lines, point, key)

    def assertRefused(self, message, lines, **kwargs):
        """The join is refused with this message, and leaves no hold and no order."""
        holds = self.env["groupbuy.hold"].search_count([])
        orders = self.env["sale.order"].search_count([])
        with self.assertRaisesRegex(UserError, message):
            self._ask(lines, **kwargs)
        self.assertEqual(self.env["groupbuy.hold"].search_count([]), holds)
        self.assertEqual(self.env["sale.order"].search_count([]), orders)

    def _one(self, quantity=1, offer=None):
        return [{"offer_id": (offer or self.leeks).id, "quantity": quantity}]

    # === ANSWER === #

    def test_answer_and_order(self):
        answer = self._ask(self._one(2))
        order = self.env["sale.order"].browse(answer["order_id"])
        self.assertEqual(
            set(answer),
            {"order_id", "access_token", "payment_url", "amount", "expires_at"},
        )
        self.assertEqual(answer["amount"], 20)
        self.assertEqual(answer["access_token"], order.access_token)
        self.assertIn(f"/groupbuy/pay/{order.id}?access_token=", answer["payment_url"])
        self.assertRegex(answer["expires_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(order.partner_id, self.ann.partner_id)
        self.assertEqual(order.pickup_point_id, self.point)
        self.assertEqual(order.partner_shipping_id, self.point.partner_id)
        self.assertEqual(order.groupbuy_campaign_id, self.campaign)
        self.assertEqual(order.groupbuy_status, "to_pay")
        self.assertEqual(order.amount_total, 20)
        self.assertEqual(order.order_line.groupbuy_offer_id, self.leeks)
        self.assertEqual(self.ann.partner_id.groupbuy_pickup_point_id, self.point)
        hold = self._get_holds(order)
        self.assertEqual((hold.state, hold.quantity), ("held", 2))
        self.assertEqual(self.leeks.held_quantity, 2)
        self.assertEqual(self.leeks.remaining, 98)

    def test_price_counts_the_paid_and_ones_own_pieces_only(self):
        held = self._join(self.campaign, self.ann, {self.leek: 19})
        self.assertEqual(held.order_line.price_unit, 10)
        own = self._join(self.campaign, self.ben, {self.leek: 20})
        self.assertEqual(own.order_line.price_unit, 9)
        self._pay(held)
        paid = self._join(self.campaign, self.cem, {self.leek: 1})
        self.assertEqual(paid.order_line.price_unit, 9)

    def test_whole_numbers_written_as_floats_are_pieces(self):
        self.assertEqual(self._ask(self._one(2.0))["amount"], 20)

    # === WRONG INPUT === #

    def test_wrong_quantities_are_refused(self):
        whole = "whole numbers"
        for quantity, message in (
            (0, "from 1 to"),
            (-1, "from 1 to"),
            (-3.0, "from 1 to"),
            (1.5, whole),
            (float("nan"), whole),
            (float("inf"), whole),
            (1e300, "from 1 to"),
            (10**30, "from 1 to"),
            (100_001, "from 1 to"),
            ("1", whole),
            ("1 OR 1=1", whole),
            (True, whole),
            (None, whole),
            ([1], whole),
            ({"a": 1}, whole),
        ):
            with self.subTest(quantity=quantity):
                self.assertRefused(message, self._one(quantity))

    def test_wrong_lines_are_refused(self):
        one = self._one()
        other = self._create_campaign(self._offer(self.ginger, 20))
        for lines, message in (
            (None, "at least one"),
            ([], "at least one"),
            ({}, "at least one"),
            ("lines", "at least one"),
            (7, "at least one"),
            ([None], "product and a quantity"),
            ([[self.leeks.id, 1]], "product and a quantity"),
            ([{}], "whole numbers"),
            ([{"offer_id": self.leeks.id}], "whole numbers"),
            ([{"quantity": 1}], "whole numbers"),
            ([{"offer_id": True, "quantity": 1}], "whole numbers"),
            ([{"offer_id": str(self.leeks.id), "quantity": 1}], "whole numbers"),
            ([{"offer_id": [self.leeks.id], "quantity": 1}], "whole numbers"),
            ([{"offer_id": -1, "quantity": 1}], "does not belong"),
            ([{"offer_id": 10**30, "quantity": 1}], "does not belong"),
            (self._one(offer=other.offer_ids), "does not belong"),
            (one + self._one(offer=other.offer_ids), "does not belong"),
            (one + one, "chosen twice"),
        ):
            with self.subTest(lines=lines):
                self.assertRefused(message, lines)

    def test_wrong_keys_are_refused(self):
        for key in (None, "", 0, 7, True, [], {}, "k" * 65):
            with self.subTest(key=key):
                self.assertRefused("1 to 64 characters", self._one(), key=key)

    def test_keys_that_the_database_cannot_store_are_refused(self):
        for key in ("a\0b", "\ud800"):
            with self.subTest(key=key):
                self.assertRefused("1 to 64 characters", self._one(), key=key)

    def test_wrong_pickup_points_are_refused(self):
        elsewhere = self.env["groupbuy.pickup.point"].create({"name": "West Gate"})
        archived = self.env["groupbuy.pickup.point"].create({"name": "Old Gate"})
        archived.active = False
        self.campaign.pickup_point_ids = self.point
        for point in (
            False, True, 0, -1, 10**30, "x", str(self.point.id), [self.point.id], 1.5,
            elsewhere.id, archived.id,
        ):  # fmt: skip
            with self.subTest(point=point):
                self.assertRefused("pickup points", self._one(), point=point)

    def test_inviter_tokens_are_never_an_error(self):
        token = self.campaign._get_inviter_token(self.ben.partner_id)
        for number, (inviter, found) in enumerate(
            (
                (token, self.ben.partner_id),
                (token[:-1] + ("0" if token[-1] != "0" else "1"), None),
                (self.campaign._get_inviter_token(self.ann.partner_id), None),
                ("1" * 30 + "-x", None),
                ("１２-x", None),
                (f"{self.ben.partner_id.id}-é", None),
                ("-", None),
                (7, None),
                (["a"], None),
            )
        ):
            with self.subTest(inviter=inviter):
                answer = self.campaign.with_user(self.ann).join(
                    self._one(), self.point.id, f"key{number}", inviter=inviter
                )
                order = self.env["sale.order"].browse(answer["order_id"])
                self.assertEqual(
                    order.groupbuy_inviter_id, found or self.env["res.partner"]
                )

    def test_context_of_the_caller_decides_nothing(self):
        """A remote caller chooses the context: no default of it reaches the order."""
        other = self.ben.partner_id
        campaign = self.campaign.with_context(
            default_discount=99,
            default_price_unit=0.01,
            default_technical_price_unit=0.01,
            default_state="sale",
            default_groupbuy_amount=0.01,
            default_amount_total=0.01,
            default_pricelist_id=False,
            default_groupbuy_points_taken=True,
            default_payment_term_id=1,
            default_user_id=self.ben.id,
            default_partner_invoice_id=other.id,
            default_fiscal_position_id=1,
            groupbuy_closing=True,
        )
        answer = self._ask(self._one(2), campaign=campaign)
        order = self.env["sale.order"].browse(answer["order_id"])
        self.assertEqual(answer["amount"], 20)
        self.assertEqual(order.amount_total, 20)
        self.assertEqual(order.state, "draft")
        self.assertFalse(order.order_line.discount)
        self.assertFalse(order.groupbuy_points_taken)
        self.assertNotEqual(order.user_id, self.ben)

    # === SAME KEY === #

    def test_same_key_gives_the_same_answer_and_changes_nothing(self):
        first = self._ask(self._one(2))
        self.assertEqual(self._ask(self._one(2)), first)
        self.assertEqual(self._ask(self._one(2.0)), first)
        orders = self.campaign.order_ids
        self.assertEqual(len(orders), 1)
        self.assertEqual(self.leeks.held_quantity, 2)
        self._pay(orders)
        self.assertEqual(self._ask(self._one(2)), first, "also when it is paid")
        self.assertEqual(self.leeks.paid_quantity, 2)

    def test_order_of_lines_is_no_other_content(self):
        lines = self._one(2) + self._one(3, self.gingers)
        self.assertEqual(self._ask(lines), self._ask(lines[::-1]))

    def test_used_key_with_another_body_is_refused(self):
        west = self.env["groupbuy.pickup.point"].create({"name": "West Gate"})
        self._ask(self._one(2))
        message = "used for another join"
        self.assertRefused(message, self._one(3))
        self.assertRefused(message, self._one(3, self.gingers))
        self.assertRefused(message, self._one(2) + self._one(3, self.gingers))
        self.assertRefused(message, self._one(2), point=west.id)

    def test_used_key_in_another_campaign_is_refused(self):
        other = self._create_campaign(self._offer(self.leek, 10))
        self._ask(self._one(2))
        self.assertRefused(
            "used for another join",
            self._one(2, other.offer_ids),
            campaign=other,
        )

    def test_a_key_belongs_to_its_resident(self):
        first = self._ask(self._one(2))
        second = self._ask(self._one(2), user=self.ben)
        self.assertNotEqual(first["order_id"], second["order_id"])

    # === LIMITS === #

    def test_packs_and_limit_per_order(self):
        self.assertRefused("packs of 3", self._one(4, self.gingers))
        self.assertRefused("at most 30 in one order", self._one(31))
        self.assertTrue(self._ask(self._one(30)))

    def test_limit_per_resident_counts_held_and_paid(self):
        order = self._join(self.campaign, self.ann, {self.ginger: 3})
        self._pay(order)
        self._join(self.campaign, self.ann, {self.ginger: 3})
        self.assertRefused("at most 6 for each resident", self._one(3, self.gingers))
        self.assertTrue(self._ask(self._one(6, self.gingers), user=self.ben))
        order.with_user(self.ann).action_groupbuy_cancel()
        self.assertTrue(self._ask(self._one(3, self.gingers)), "cancelled ones do not")

    def test_quota_counts_held_and_paid(self):
        for user, pieces in ((self.ben, 30), (self.cem, 30), (self.dot, 30)):
            self._join(self.campaign, user, {self.leek: pieces})
        self._buy(self.campaign, self.eva, {self.leek: 9})
        self.assertRefused("only 1 left", self._one(2))
        self._join(self.campaign, self.fay, {self.leek: 1})
        self.assertRefused("sold out", self._one(1))
        self.assertEqual(self.leeks.remaining, 0)

    def test_one_refused_line_holds_nothing_of_the_others(self):
        self._join(self.campaign, self.ann, {self.ginger: 6})
        self.assertRefused(
            "each resident", self._one(5) + self._one(3, self.gingers), key="second"
        )
        self.assertEqual(self.leeks.held_quantity, 0)

    # === STATES === #

    def test_only_an_open_campaign_can_be_joined(self):
        past = fields.Datetime.now().replace(year=2020)
        later = past.replace(year=2099)
        for vals, message in (
            ({"state": "closing"}, "not open"),
            ({"state": "succeeded"}, "not open"),
            ({"state": "failed"}, "not open"),
            ({"date_open": later, "date_close": later.replace(year=2100)}, "not open"),
            ({"date_open": past, "date_close": past.replace(year=2021)}, "not open"),
        ):
            with self.subTest(vals=vals):
                campaign = self._create_campaign(self._offer(self.leek, 10))
                campaign.write(vals)
                self.assertRefused(
                    message, self._one(offer=campaign.offer_ids), campaign=campaign
                )

    def test_scheduled_campaign_opens_at_its_minute_without_the_sweep(self):
        campaign = self._create_campaign(
            self._offer(self.leek, 10),
            date_open=fields.Datetime.add(fields.Datetime.now(), minutes=5),
        )
        self.assertEqual(campaign.state, "scheduled")
        lines = self._one(offer=campaign.offer_ids)
        self.assertRefused("not open", lines, campaign=campaign)
        with self._later(minutes=6):
            self.assertTrue(self._ask(lines, campaign=campaign))

    def test_unpublished_and_cancelled_campaigns_do_not_exist_for_residents(self):
        draft = self._create_campaign(self._offer(self.leek, 10), publish=False)
        cancelled = self._create_campaign(self._offer(self.leek, 10))
        cancelled.action_cancel()
        for campaign in (draft, cancelled):
            with self.assertRaises(AccessError):
                self._ask(self._one(offer=campaign.offer_ids), campaign=campaign)
        self.assertFalse((draft + cancelled).order_ids)

    def test_visitors_must_sign_in(self):
        public = self.env.ref("base.public_user")
        self.assertRefused("sign in", self._one(), user=public)

    def test_gone_pickup_points_of_a_campaign_do_not_open_all_others(self):
        """A campaign of certain points is not served everywhere once they close."""
        closed = self.env["groupbuy.pickup.point"].create({"name": "Old Gate"})
        self.campaign.pickup_point_ids = [Command.set(closed.ids)]
        closed.active = False
        self.assertRefused("pickup points", self._one())
