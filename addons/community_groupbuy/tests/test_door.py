from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .point_common import PointCommon


@tagged("post_install", "-at_install")
class TestDoor(PointCommon):
    """Joins that are brought to the door."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["delivery.carrier"].search([]).is_published = False
        cls.far, cls.light, cls.any = cls.env["delivery.carrier"].create(
            [
                cls._prepare_carrier("Far", 1, 50, zip_prefix="9"),
                cls._prepare_carrier("Light", 2, 5, max_weight=10),
                cls._prepare_carrier("Any", 3, 12),
            ]
        )
        cls.leek.weight = 1
        cls._set_address(cls.ann)
        cls.campaign = cls._create_campaign(
            cls._example(), door_delivery=True, goal_type="none"
        )

    @classmethod
    def _prepare_carrier(cls, name, sequence, price, zip_prefix=None, **vals):
        product = cls._create_product(f"{name} delivery", price, type="service",
                                      is_storable=False)  # fmt: skip
        return {
            "name": name,
            "sequence": sequence,
            "delivery_type": "fixed",
            "product_id": product.id,
            "is_published": True,
            "tracking_url": "https://track.example/<shipmenttrackingnumber>",
            "zip_prefix_ids": [Command.create({"name": zip_prefix})]
            if zip_prefix
            else [],
            **vals,
        }

    def _join_door(self, quantity, user=None, campaign=None, **kwargs):
        campaign = campaign or self.campaign
        answer = campaign.with_user(user or self.ann).join(
            self._lines(campaign, quantity),
            None,
            kwargs.pop("key", f"door-{quantity}"),
            delivery="door",
            **kwargs,
        )
        return self.env["sale.order"].browse(answer["order_id"]), answer

    def _buy_door(self, quantity, **kwargs):
        order, _answer = self._join_door(quantity, **kwargs)
        self._pay(order)
        return order

    def _quote(self, quantity, user=None):
        return self.campaign.with_user(user or self.ann).get_door_delivery(
            self._lines(self.campaign, quantity)
        )

    def _send(self, order, reference="SF1"):
        parcel = order.picking_ids.filtered(lambda p: p.state not in ("done", "cancel"))
        parcel.carrier_tracking_ref = reference
        parcel.move_ids.picked = True
        parcel._action_done()
        return parcel

    # === MOVED === #

    def test_another_day_is_told_for_the_door_too(self):
        order = self._buy_door(3)
        self._close(self.campaign)
        day = fields.Datetime.add(fields.Datetime.now(), days=5)
        self.campaign.action_move_pickup(day, False, "Snow")
        self._run_cron("sale.send_pending_emails_cron")
        (body,) = (
            body for body in order.message_ids.mapped("body") if "Snow" in (body or "")
        )
        self.assertIn("to your door", body)
        self.assertNotIn("can be collected", body)

    # === JOINING === #

    def test_the_first_carrier_that_goes_there_with_it_wins(self):
        self.assertEqual(
            self._quote(2),
            {
                "carrier": "Light",
                "amount": 5.0,
                "amount_text": self.campaign.currency_id.format(5.0),
                "address": "Jinan Lixia 5 Garden Road",
            },
        )
        self.assertEqual(self._quote(11)["carrier"], "Any")
        self.ann.partner_id.zip = "900001"
        self.assertEqual(self._quote(2)["carrier"], "Far")

    def test_the_fee_is_a_line_of_the_join(self):
        order, answer = self._join_door(2)
        self.assertEqual(answer["amount"], 25.0)
        self.assertEqual(order.amount_total, 25.0)
        self.assertEqual(order.carrier_id, self.light)
        self.assertEqual(order.partner_shipping_id, self.ann.partner_id)
        self.assertFalse(order.pickup_point_id)
        self.assertFalse(self._get_holds(order).pickup_point_id)
        fee = order.order_line.filtered("is_delivery")
        self.assertEqual(fee.price_total, 5.0)
        again, same = self._join_door(2)
        self.assertEqual((again, same), (order, answer))
        with self.assertRaisesRegex(UserError, "used for another join"):
            self._join(self.campaign, self.ann, 2, key="door-2")

    def test_an_address_of_its_own_for_deliveries(self):
        address = self.env["res.partner"].create(
            {
                "parent_id": self.ann.partner_id.id,
                "type": "delivery",
                "name": "Office",
                "street": "1 Tower",
                "city": "Jinan",
            }
        )
        order, _answer = self._join_door(2)
        self.assertEqual(order.partner_shipping_id, address)

    def assertNotDelivered(self, message, **kwargs):
        holds = self.env["groupbuy.hold"].search_count([])
        with self.assertRaisesRegex(UserError, message):
            self._join_door(2, **kwargs)
        self.assertEqual(self.env["groupbuy.hold"].search_count([]), holds)

    def test_what_cannot_be_delivered_is_refused(self):
        self.assertNotDelivered("Add your address", user=self.ben)
        self._set_address(self.ben, street=False)
        self.assertNotDelivered("Add your address", user=self.ben)
        (self.light | self.any).is_published = False
        self.assertNotDelivered("Nobody delivers this to your address")
        with self.assertRaisesRegex(UserError, "Nobody delivers"):
            self._quote(2)
        with self.assertRaisesRegex(UserError, "Choose a pickup point or a delivery"):
            self.campaign.with_user(self.ann).join(
                self._lines(self.campaign, 2), self.point.id, "odd", delivery="drone"
            )
        for lines in (None, [], "x", [{"offer_id": 0, "quantity": 1}], [1]):
            with self.assertRaises(UserError):
                self.campaign.with_user(self.ann).get_door_delivery(lines)
        self.campaign.door_delivery = False
        self.assertNotDelivered("collected at a pickup point only")

    # === CLOSING === #

    def test_goods_go_straight_to_the_door(self):
        order = self._buy_door(2)
        self._buy(self.campaign, self.ben, 18)
        self._close(self.campaign)
        # The lower price is for everybody, the fee stays.
        self.assertEqual(order.amount_total, 2 * 9 + 5)
        self.assertMoney(order, paid=25, refunded=2)
        self.assertEqual(order.groupbuy_status, "to_ship")
        parcel = order.picking_ids
        self.assertEqual(parcel.groupbuy_kind, "door")
        self.assertEqual(parcel.state, "assigned")
        self.assertEqual(parcel.location_id, self.warehouse.lot_stock_id)
        self.assertEqual(parcel.partner_id, self.ann.partner_id)
        self.assertEqual(parcel.carrier_id, self.light)
        self.assertFalse(parcel.move_ids.move_orig_ids)
        # Only what is collected is brought to the point.
        self.assertEqual(self._get_brought(self.point, self.campaign), {self.leek: 18})

    def test_a_failed_group_gives_the_fee_back(self):
        campaign = self._create_campaign(
            self._example(), door_delivery=True, goal_type="quantity", goal_value=50
        )
        order = self._buy_door(2, campaign=campaign)
        self._close(campaign)
        self.assertEqual(order.groupbuy_cancel_reason, "failed")
        self.assertMoney(order, paid=25, refunded=25)

    def test_sent_with_a_link_and_received_when_the_resident_says_so(self):
        order = self._buy_door(2)
        self._close(self.campaign)
        as_ann = order.with_user(self.ann)
        with self.assertRaisesRegex(UserError, "not been sent yet"):
            as_ann.action_groupbuy_confirm_received()
        self._run_cron("sale.send_pending_emails_cron")
        parcel = self._send(order)
        self.assertEqual(parcel.state, "done")
        self.assertEqual(order.groupbuy_status, "shipped")
        self.assertFalse(order.groupbuy_received_at)
        [shown] = order._groupbuy_get_tracking()
        self.assertEqual(shown["url"], "https://track.example/SF1")
        self.assertEqual((shown["carrier"], shown["reference"]), ("Light", "SF1"))
        self._run_cron("sale.send_pending_emails_cron")
        bodies = "".join(order.message_ids.mapped("body"))
        self.assertIn("https://track.example/SF1", bodies)
        with self.assertRaisesRegex(UserError, "your own orders only"):
            order.with_user(self.ben).action_groupbuy_confirm_received()
        as_ann.action_groupbuy_confirm_received()
        received_at = order.groupbuy_received_at
        self.assertEqual(order.groupbuy_status, "received")
        with self._later(hours=1):
            as_ann.action_groupbuy_confirm_received()
        self.assertEqual(order.groupbuy_received_at, received_at)
        self.assertEqual(order.order_line[0].qty_delivered, 2)

    def test_received_a_week_after_it_was_sent(self):
        order = self._buy_door(2)
        collected = self._buy(self.campaign, self.ben, 2)
        self._close(self.campaign)
        self._send(order)
        with self._later(days=6, hours=23):
            self._run_cron("community_groupbuy.received_cron")
            self.assertFalse(order.groupbuy_received_at)
        with self._later(days=7, hours=1):
            self._run_cron("community_groupbuy.received_cron")
            self.assertEqual(order.groupbuy_received_at, fields.Datetime.now())
        self.assertEqual(order.groupbuy_status, "received")
        self.assertFalse(collected.groupbuy_received_at)

    def test_a_delivered_order_is_not_collected_elsewhere(self):
        order = self._buy_door(2)
        with self.assertRaisesRegex(UserError, "not collected at a pickup point"):
            order.with_user(self.ann).action_groupbuy_move_point(self.north.id)
