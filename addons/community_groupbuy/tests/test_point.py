from datetime import timedelta

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .point_common import PointCommon


@tagged("post_install", "-at_install")
class TestPointOpen(PointCommon):
    """A point rests, or is full: nobody joins there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(cls._example())

    def assertClosed(self, message, user=None, campaign=None, point=None):
        holds = self.env["groupbuy.hold"].search_count([])
        with self.assertRaisesRegex(UserError, message):
            self._join(campaign or self.campaign, user or self.ben, 1, point=point)
        self.assertEqual(self.env["groupbuy.hold"].search_count([]), holds)

    def test_nobody_joins_at_a_resting_point(self):
        with Form(self.point) as form:
            form.resting = True
            form.rest_note = "Back in spring"
        self.assertClosed(r"East Gate is resting \(Back in spring\)")
        self.assertEqual(
            self._join(self.campaign, self.ben, 1, point=self.north).pickup_point_id,
            self.north,
        )
        self.point.resting = False
        self._join(self.campaign, self.ben, 1)

    def test_a_planned_rest_counts_on_the_day_of_collection(self):
        today = self._today()
        self.point.write(
            {
                "resting": True,
                "rest_from": today + timedelta(days=5),
                "rest_until": today + timedelta(days=9),
            }
        )
        self._join(self.campaign, self.ann, 1)
        close = self.campaign.date_close
        for days, closed in ((4, False), (5, True), (9, True), (10, False)):
            campaign = self._create_campaign(
                self._example(), pickup_date=fields.Datetime.now() + timedelta(days)
            )
            self.assertLess(close, campaign.pickup_date)
            if closed:
                self.assertClosed("resting", campaign=campaign)
            else:
                self._join(campaign, self.ann, 1)

    def test_a_rest_ends_after_it_begins(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.point.write({"rest_from": "2026-05-02", "rest_until": "2026-05-01"})

    def test_a_repeated_join_is_answered_though_the_point_closed_since(self):
        order = self._join(self.campaign, self.ann, 1, key="again")
        self.point.write({"resting": True, "capacity": 1})
        self.assertEqual(self._join(self.campaign, self.ann, 1, key="again"), order)

    def test_a_point_takes_as_many_orders_a_day_as_it_can(self):
        self.point.capacity = 2
        self._join(self.campaign, self.ann, 1)
        self._buy(self.campaign, self.ann, 3)
        self.assertClosed("East Gate takes no more orders for that day")
        self.assertEqual(self.points._get_closed(self._today()), {self.point: "full"})
        # Another day has places of its own.
        later = self._create_campaign(
            self._example(), pickup_date=fields.Datetime.now() + timedelta(days=4)
        )
        self._join(later, self.ben, 1)

    def test_what_is_not_paid_or_cancelled_gives_its_place_back(self):
        self.point.capacity = 1
        self._join(self.campaign, self.ann, 1)
        with self._later(minutes=16):
            order = self._buy(self.campaign, self.ben, 1)
            self.assertClosed("no more orders", user=self.cem)
            order.with_user(self.ben).action_groupbuy_cancel()
            self._join(self.campaign, self.cem, 1)

    def test_ordinary_orders_take_places_too(self):
        self.point.capacity = 1
        order = self._create_pickup_order(self.dot, self.leek, 1, self.point)
        self._join(self.campaign, self.ann, 1)
        order.action_confirm()
        self.assertEqual(self.point._count_orders(self._today()), {self.point.id: 2})
        self.assertClosed("no more orders")


@tagged("post_install", "-at_install")
class TestPointNear(PointCommon):
    def test_distances_are_those_of_the_globe(self):
        # A degree of latitude is 111.2 km; 36.65° and 36.68° are 3.3 km apart.
        self.assertEqual(self.north._get_distance(36.65, 117.0), 3336)
        self.assertEqual(self.point._get_distance(36.65, 117.0), 0)
        self.assertEqual(round(self.point._get_distance(0, 117.0) / 36.65), 111195)
        self.assertIsNone(self.west._get_distance(36.65, 117.0))

    def test_nearest_first_then_own_district_then_by_name(self):
        def names(position=None, partner=None, search=""):
            near = self.points._sort_near(position, partner, search)
            return [point.name for point, _metres in near]

        self.assertEqual(
            names((36.70, 117.0)), ["North Mall", "East Gate", "West Kiosk"]
        )
        self.assertEqual(
            names((36.60, 117.0)), ["East Gate", "North Mall", "West Kiosk"]
        )
        partner = self.ann.partner_id
        self.assertEqual(
            names(None, partner), ["East Gate", "North Mall", "West Kiosk"]
        )
        partner.write({"street2": "Huaiyin", "city": "Jinan"})
        self.assertEqual(names(None, partner)[0], "West Kiosk")
        self.assertEqual(names((36.70, 117.0), partner, "well lane")[0], "West Kiosk")

    def test_what_is_no_position_is_refused(self):
        read = self.point._read_position
        self.assertIsNone(read(None, None))
        self.assertEqual(read(36, 117.5), (36, 117.5))
        wrong = [(91, 0), (0, 181), ("36", "117"), (True, 1), (float("nan"), 0)]
        for latitude, longitude in [*wrong, (1, None), ([], {}), (float("inf"), 0)]:
            with self.assertRaisesRegex(UserError, "A position is a latitude"):
                read(latitude, longitude)


@tagged("post_install", "-at_install")
class TestMovePoint(PointCommon):
    """Collecting elsewhere, until the goods leave."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(
            cls._example(),
            cls._offer(cls.ginger, 20),
            pickup_date=fields.Datetime.now() + timedelta(days=4),
        )

    def _move(self, order, point, user=None):
        order.with_user(user or order.partner_id.user_ids).action_groupbuy_move_point(
            point if not hasattr(point, "id") else point.id
        )

    def assertFixed(self, message, order, point, user=None):
        before = order.pickup_point_id
        with self.assertRaisesRegex(UserError, message):
            self._move(order, point, user)
        self.assertEqual(order.pickup_point_id, before)

    def test_a_waiting_order_moves_with_its_place(self):
        self.north.capacity = 1
        order = self._buy(self.campaign, self.ann, {self.leek: 2})
        self._run_cron("sale.send_pending_emails_cron")
        self._move(order, self.north)
        self.assertEqual(order.pickup_point_id, self.north)
        self.assertEqual(order.partner_shipping_id, self.north.partner_id)
        self.assertEqual(self._get_holds(order).pickup_point_id, self.north)
        self._run_cron("sale.send_pending_emails_cron")
        subjects = order.message_ids.mapped("subject")
        self.assertIn(f"Collect it at North Mall ({order.name})", subjects)
        other = self._join(self.campaign, self.ben, {self.leek: 1})
        self.assertFixed("no more orders", other, self.north)
        # Back again, and the place is free.
        self._move(order, self.point)
        self._move(other, self.north)

    def test_the_goods_of_both_legs_follow(self):
        ann = self._buy(self.campaign, self.ann, {self.leek: 2, self.ginger: 3})
        ben = self._buy(self.campaign, self.ben, {self.leek: 5})
        self._buy(self.campaign, self.cem, {self.leek: 4}, point=self.north)
        self._close(self.campaign)
        self.assertEqual(ann.groupbuy_status, "to_ship")
        amount, taxes = ann.amount_total, ann.order_line.tax_ids
        self._move(ann, self.north)
        campaign = self.campaign
        self.assertEqual(self._get_brought(self.point, campaign), {self.leek: 5})
        self.assertEqual(
            self._get_brought(self.north, campaign), {self.leek: 6, self.ginger: 3}
        )
        self.assertEqual(len(self._get_transfers(self.north, campaign)), 1)
        handover = ann.picking_ids
        self.assertEqual(handover.location_id, self.north.location_id)
        self.assertEqual(handover.move_ids.location_id, self.north.location_id)
        self.assertEqual(handover.pickup_point_id, self.north)
        self.assertEqual(handover.partner_id, self.ann.partner_id)
        self.assertEqual(
            handover.move_ids.move_orig_ids.picking_id,
            self._get_transfers(self.north, campaign),
        )
        self.assertEqual(handover.groupbuy_stage, "warehouse")
        self.assertEqual((ann.amount_total, ann.order_line.tax_ids), (amount, taxes))
        # All is reserved, once.
        for point in (self.point, self.north):
            transfer = self._get_transfers(point, campaign)
            self.assertEqual(transfer.state, "assigned", point.name)
        reserved = self.env["stock.quant"].search(
            [
                ("product_id", "=", self.leek.id),
                ("location_id", "=", self.warehouse.lot_stock_id.id),
            ]
        )
        self.assertEqual(sum(reserved.mapped("reserved_quantity")), 11)
        # The last one leaves nothing behind; a new point gets a transfer of its own.
        self._move(ben, self.west)
        self.assertFalse(self._get_transfers(self.point, campaign))
        self.assertEqual(self._get_brought(self.west, campaign), {self.leek: 5})
        self.assertTrue(self._get_transfers(self.west, campaign).batch_id)

    def test_what_has_left_stays(self):
        order = self._buy(self.campaign, self.ann, {self.leek: 2})
        self._close(self.campaign)
        self._dispatch(self._get_transfers(self.point, self.campaign))
        self.assertFixed("left the warehouse", order, self.north)
        self.assertEqual(order._groupbuy_get_movable_points()[0], self.points.browse())

    def test_nobody_moves_while_the_campaign_closes(self):
        order = self._buy(self.campaign, self.ann, {self.leek: 2})
        self.campaign.action_close()
        self.assertFixed("just closing", order, self.north)
        self._run_jobs()
        self._move(order, self.north)

    def test_who_may_move_and_where_to(self):
        self.campaign.pickup_point_ids = [
            Command.set((self.point | self.north | self.west).ids)
        ]
        order = self._buy(self.campaign, self.ann, {self.leek: 2})
        self.assertFixed("your own orders only", order, self.north, self.ben)
        stranger = self.env["groupbuy.pickup.point"].create({"name": "Far away"})
        for point in (stranger, 0, -1, 2**40, True, None, "1", 1.5, [1]):
            self.assertFixed("cannot be collected at that", order, point)
        self.west.active = False
        self.assertFixed("cannot be collected at that", order, self.west)
        self.north.resting = True
        self.assertFixed("North Mall is resting", order, self.north)
        points, closed = order._groupbuy_get_movable_points()
        self.assertEqual((points, closed), (self.north, {self.north: "resting"}))
        # The same point again, and operators.
        self._move(order, self.point)
        self.north.resting = False
        operator = self._create_operator()
        self._move(order, self.north, operator)
        order.with_user(self.ann).action_groupbuy_cancel()
        self.assertFixed("is not collected", order, self.point)

    def _create_operator(self):
        operator = self._create_resident("gb_point_operator")
        operator.group_ids = self.env.ref("community_groupbuy.group_operator")
        return operator


@tagged("post_install", "-at_install")
class TestPickupOrder(PointCommon):
    """Ordinary orders that are collected at a point go through the same two legs."""

    def test_one_transfer_per_point_and_day(self):
        orders = [
            self._create_pickup_order(user, product, quantity, point)
            for user, product, quantity, point in (
                (self.ann, self.leek, 2, self.point),
                (self.ben, self.leek, 3, self.point),
                (self.cem, self.ginger, 1, self.point),
                (self.dot, self.leek, 7, self.north),
            )
        ]
        for order in orders:
            order.action_confirm()
            self.assertEqual(order.groupbuy_status, "to_ship")
            self.assertEqual(order.picking_ids.groupbuy_kind, "handover")
        self.assertEqual(len(self._get_transfers(self.point)), 1)
        self.assertEqual(self._get_brought(self.point), {self.leek: 5, self.ginger: 1})
        self.assertEqual(self._get_brought(self.north), {self.leek: 7})
        transfer = self._get_transfers(self.point)
        self.assertEqual(transfer.state, "assigned")
        self.assertEqual(transfer.location_dest_id, self.point.location_id)
        ann = orders[0]
        self.assertEqual(ann.partner_shipping_id, self.point.partner_id)
        self.assertFalse(self.ann.partner_id.child_ids)
        self.assertEqual(self.ann.partner_id.groupbuy_pickup_point_id, self.point)
        self._dispatch(transfer)
        self.assertEqual(ann.groupbuy_status, "shipped")
        # What is ordered after the truck has left goes with the next one.
        late = self._create_pickup_order(self.eva, self.leek, 1, self.point)
        late.action_confirm()
        self.assertEqual(len(self._get_transfers(self.point)), 2)

    def test_from_the_warehouse_to_the_resident(self):
        order = self._create_pickup_order(self.ann, self.leek, 2, self.point)
        order.action_confirm()
        transfer = self._get_transfers(self.point)
        self._dispatch(transfer)
        transfer.groupbuy_record_arrival()
        self.assertEqual(order.groupbuy_status, "ready")
        self._run_cron("sale.send_pending_emails_cron")
        mails = "".join(order.message_ids.mapped("body"))
        self.assertIn(f"/my/groupbuy/{order.id}", mails)
        [answer] = self.point.hand_over([order.groupbuy_pickup_code])
        self.assertEqual((answer["order_id"], answer["state"]), (order.id, "done"))
        self.assertEqual(order.groupbuy_status, "received")
        self.assertEqual(order.order_line[0].qty_delivered, 2)
        left = self.env["stock.quant"].search(
            [("location_id", "=", self.point.location_id.id)]
        )
        self.assertEqual(sum(left.mapped("quantity")), 0)

    def test_a_later_quantity_is_planned_both_ways(self):
        order = self._create_pickup_order(self.ann, self.leek, 2, self.point)
        order.action_confirm()
        order.order_line[0].product_uom_qty = 5
        self.assertEqual(self._get_brought(self.point), {self.leek: 5})
        order.order_line[0].product_uom_qty = 1
        self.assertEqual(self._get_brought(self.point), {self.leek: 1})
        moves = order.picking_ids.move_ids.filtered(lambda m: m.state != "cancel")
        self.assertEqual(sum(moves.mapped("product_uom_qty")), 1)

    def test_a_cancelled_order_is_not_brought(self):
        order = self._create_pickup_order(self.ann, self.leek, 2, self.point)
        other = self._create_pickup_order(self.ben, self.leek, 3, self.point)
        (order | other).action_confirm()
        order._action_cancel()
        self.assertEqual(self._get_brought(self.point), {self.leek: 3})
        self.assertEqual(order.groupbuy_status, "cancelled")
        other._action_cancel()
        self.assertFalse(self._get_transfers(self.point))

    def test_an_ordinary_order_moves_too(self):
        order = self._create_pickup_order(self.ann, self.leek, 2, self.point)
        order.action_confirm()
        order.with_user(self.ann).action_groupbuy_move_point(self.north.id)
        self.assertFalse(self._get_transfers(self.point))
        self.assertEqual(self._get_brought(self.north), {self.leek: 2})
        self.assertEqual(order.pickup_point_id, self.north)

    def test_money_for_what_falls_short_comes_back(self):
        order = self._create_pickup_order(self.ann, self.leek, 3, self.point)
        self._pay(order)
        self.assertEqual(order.state, "sale")
        line = order.order_line.filtered(lambda line: line.product_id == self.leek)
        line.move_ids._groupbuy_plan_less(1)
        order._groupbuy_take_off({line: 1}, "One was bad")
        self.assertEqual(self._get_brought(self.point), {self.leek: 2})
        self.assertEqual(line.product_uom_qty, 2)
        self._run_jobs()
        order._create_invoices().action_post()
        self.assertMoney(order, paid=30, refunded=10)
