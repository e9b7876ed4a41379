import json
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .point_common import PointCommon
from .storefront_common import StorefrontCommon


@tagged("post_install", "-at_install")
class TestShopPickup(PointCommon, StorefrontCommon):
    """The ordinary shop's checkout, over HTTP, collected at a pickup point."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.carrier = cls.env.ref("community_groupbuy.delivery_carrier_pickup")
        cls.env["delivery.carrier"].search([]).is_published = False
        cls.carrier.is_published = True
        cls.other_carrier = cls.env["delivery.carrier"].create(
            {
                "name": "Courier",
                "sequence": 50,
                "product_id": cls._create_product(
                    "Courier", 9, type="service", is_storable=False
                ).id,
                "is_published": True,
            }
        )
        cls._set_address(cls.ann)
        cls.ann.partner_id.email = "ann@example.com"

    def setUp(self):
        super().setUp()
        self.authenticate("gb_resident_1", "gb_resident_1")

    def _fill_cart(self, quantity=2):
        answer, error = self._rpc(
            "/shop/cart/add",
            product_template_id=self.leek.product_tmpl_id.id,
            product_id=self.leek.id,
            quantity=quantity,
        )
        self.assertFalse(error)
        self.assertEqual(answer["quantity"], quantity)
        return self.env["sale.order"].search(
            [("partner_id", "=", self.ann.partner_id.id), ("state", "=", "draft")]
        )

    def _choose_carrier(self, carrier):
        _answer, error = self._rpc("/shop/set_delivery_method", dm_id=carrier.id)
        self.assertFalse(error)

    def _find(self, **params):
        answer, error = self._rpc("/website_sale/get_pickup_locations", **params)
        self.assertFalse(error)
        return answer

    def _choose(self, **location):
        _answer, error = self._rpc(
            "/website_sale/set_pickup_location",
            pickup_location_data=json.dumps(location),
        )
        return error and error["message"]

    def _checkout(self):
        order = self._fill_cart()
        self._get("/shop/checkout")
        self._choose_carrier(self.carrier)
        return order

    def _start_payment(self, order):
        return self._rpc(
            f"/shop/payment/transaction/{order.id}",
            access_token=order.access_token,
            provider_id=self.provider.id,
            payment_method_id=self.method.id,
            token_id=None,
            amount=order.amount_total,
            flow="redirect",
            tokenization_requested=False,
            landing_route="/shop/payment/validate",
        )

    def test_from_the_cart_to_the_transfer(self):
        order = self._checkout()
        page = self._page("/shop/checkout")
        [radio] = page.xpath(f"//input[@data-dm-id='{self.carrier.id}']")
        self.assertTrue(radio.get("data-is-pickup-location-required"))
        [named] = page.xpath("//*[@name='o_pickup_location_name']")
        self.assertEqual(self._text(named), "")
        found = self._find(latitude=36.7, longitude=117.0)["pickup_locations"]
        self.assertEqual([place["name"] for place in found], 
                         ["North Mall", "East Gate", "West Kiosk"])  # fmt: skip
        self.assertEqual(found[0]["additional_data"]["metres"], 2224)
        # Of what the browser sends only the number counts.
        self.assertFalse(self._choose(**{**found[0], "name": "My own", "city": "X"}))
        order.invalidate_recordset()
        self.assertEqual(order.pickup_point_id, self.north)
        self.assertEqual(order.pickup_location_data["name"], "North Mall")
        page = self._page("/shop/checkout")
        [named] = page.xpath("//*[@name='o_pickup_location_name']")
        self.assertEqual(self._text(named), "North Mall")
        page = self._page("/shop/payment")
        self.assertNotIn("pickup point is missing", self._text(page))
        self._pay(order)
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.groupbuy_status, "to_ship")
        self.assertEqual(order.partner_shipping_id, self.north.partner_id)
        handover = order.picking_ids
        self.assertEqual(handover.groupbuy_kind, "handover")
        self.assertEqual(handover.pickup_point_id, self.north)
        self.assertEqual(handover.location_id, self.north.location_id)
        self.assertEqual(handover.partner_id, self.ann.partner_id)
        self.assertEqual(self._get_brought(self.north), {self.leek: 2})
        self.assertEqual(self.ann.partner_id.groupbuy_pickup_point_id, self.north)
        # The next time the same point is proposed.
        self._fill_cart(1)
        page = self._page("/shop/checkout")
        [named] = page.xpath("//*[@name='o_pickup_location_name']")
        self.assertEqual(self._text(named), "North Mall")

    def test_nothing_is_paid_without_a_point(self):
        order = self._checkout()
        _answer, error = self._start_payment(order)
        self.assertIn("Please choose your pickup point", error["message"])
        page = self._text(self._page("/shop/payment"))
        self.assertIn("Please choose your pickup point", page)
        self.assertFalse(order.transaction_ids)
        self.assertFalse(self._choose(id=str(self.north.id)))
        self.north.resting = True
        _answer, error = self._start_payment(order)
        self.assertIn("North Mall is resting", error["message"])
        self.north.write({"resting": False, "active": False})
        _answer, error = self._start_payment(order)
        self.assertIn("Please choose your pickup point", error["message"])

    def test_another_delivery_method_forgets_the_point(self):
        order = self._checkout()
        self._choose(id=str(self.north.id))
        self._choose_carrier(self.other_carrier)
        order.invalidate_recordset()
        self.assertFalse(order.pickup_point_id)
        self.assertFalse(order.pickup_location_data)
        self._pay(order)
        self.assertEqual(order.state, "sale")
        self.assertFalse(order.groupbuy_status)
        self.assertEqual(order.picking_ids.location_id, self.warehouse.lot_stock_id)

    def test_looking_at_the_checkout_again_keeps_the_point(self):
        self.carrier.product_id.write({"list_price": 3, "taxes_id": self.tax_13.ids})
        order = self._checkout()
        self._choose(id=str(self.north.id))
        self.carrier.product_id.list_price = 4
        page = self._page("/shop/checkout")
        [named] = page.xpath("//*[@name='o_pickup_location_name']")
        self.assertEqual(self._text(named), "North Mall")
        order.invalidate_recordset()
        self.assertEqual(order.pickup_point_id, self.north)
        fee = order.order_line.filtered("is_delivery")
        self.assertEqual(len(fee), 1)
        self.assertEqual(fee.price_total, 4.0)

    def test_what_is_no_point_is_refused(self):
        order = self._checkout()
        company = self.env["res.company"].create({"name": "Another"})
        foreign = self.env["groupbuy.pickup.point"].create(
            {"name": "Elsewhere", "company_id": company.id}
        )
        self.west.active = False
        for number in (
            foreign.id,
            self.west.id,
            0,
            -1,
            2**40,
            None,
            "x",
            [],
            {},
            1e400,
        ):
            self.assertIn("does not exist", self._choose(id=number) or "", number)
        for text in ("", "{", "[]", '"x"', "7", "null"):
            self._rpc("/website_sale/set_pickup_location", pickup_location_data=text)
            order.invalidate_recordset()
            self.assertFalse(order.pickup_point_id)
        self.north.resting = True
        self.assertIn("resting", self._choose(id=str(self.north.id)))
        self.assertFalse(order.pickup_point_id)

    def test_only_points_that_take_orders_are_proposed(self):
        self._checkout()
        self.north.resting = True
        self.point.capacity = 1
        self._join(self.campaign, self.ben, {self.leek: 1})
        found = self._find()["pickup_locations"]
        self.assertEqual([place["name"] for place in found], ["West Kiosk"])
        self.west.active = False
        self.assertIn("error", self._find())

    def test_points_are_found_by_text_and_bad_positions_are_refused(self):
        self._checkout()
        for text, first in (
            ("lake street", "North Mall"),
            ("West", "West Kiosk"),
            ("huaiyin", "West Kiosk"),
            ("%", "North Mall"),
        ):
            found = self._find(zip_code=text)["pickup_locations"]
            self.assertEqual(found[0]["name"], first, text)
        for latitude in (91, "36", None, [], True):
            answer = self._find(latitude=latitude, longitude=1)
            self.assertIn("A position is", answer["error"])
        self._find(zip_code={"a": 1}, company=1, search="x", day="y")

    def test_where_there_are_no_points_nothing_is_collected(self):
        self.points.active = False
        order = self._fill_cart()
        self.assertEqual(order._get_delivery_methods(), self.other_carrier)


@tagged("post_install", "-at_install")
class TestPointPages(PointCommon, StorefrontCommon):
    """Choosing on a campaign's page, and changing it on the order's."""

    def _options(self, page=None):
        page = page if page is not None else self._page(self._url())
        return {
            option.get("data-name"): option
            for option in page.xpath("//select[@name='pickup_point_id']/option")
            if option.get("value")
        }

    def _url(self):
        return self.campaign._get_website_url()

    def test_the_page_says_where_points_are_and_which_are_closed(self):
        self.north.write({"resting": True, "rest_note": "On holiday"})
        self.point.write({"capacity": 1, "opening_hours": "9–18"})
        self._join(self.campaign, self.ben, {self.leek: 1})
        options = self._options()
        self.assertEqual(
            {name: option.get("data-closed") for name, option in options.items()},
            {"East Gate": "full", "North Mall": "resting", "West Kiosk": None},
        )
        self.assertTrue(options["North Mall"].get("disabled"))
        self.assertEqual(options["North Mall"].get("data-note"), "On holiday")
        self.assertIn("(resting)", self._text(options["North Mall"]))
        self.assertEqual(options["East Gate"].get("data-latitude"), "36.65")
        self.assertEqual(options["East Gate"].get("data-hours"), "9–18")
        self.assertIsNone(options["West Kiosk"].get("data-latitude"))

    def test_the_nearest_comes_first_and_a_closed_one_is_not_proposed(self):
        self.ann.partner_id.write(
            {"partner_latitude": 36.69, "partner_longitude": 117.0}
        )
        self.ann.partner_id.groupbuy_pickup_point_id = self.point
        self.authenticate("gb_resident_1", "gb_resident_1")
        options = self._options()
        self.assertEqual(list(options), ["North Mall", "East Gate", "West Kiosk"])
        self.assertIsNotNone(options["East Gate"].get("selected"))
        self.point.resting = True
        self.assertIsNone(self._options()["East Gate"].get("selected"))

    def test_the_server_refuses_a_closed_point(self):
        self.authenticate("gb_resident_1", "gb_resident_1")
        self.point.resting = True
        _answer, error = self._rpc_join()
        self.assertIn("resting", error["message"])
        response = self._post(
            f"/groupbuy/{self.campaign.id}/join-form",
            {
                f"quantity_{self.offer.id}": "2",
                "pickup_point_id": str(self.point.id),
                "key": "form",
            },
        )
        self.assertIn("error=1", response.headers["Location"])
        page = self._get(response.headers["Location"])
        self.assertIn("East Gate is resting", page.text)

    # === TO THE DOOR === #

    def test_delivery_to_the_door_is_offered_where_the_campaign_has_it(self):
        self.authenticate("gb_resident_1", "gb_resident_1")
        page = self._page(self._url())
        self.assertFalse(page.xpath("//input[@name='delivery']"))
        self.campaign.door_delivery = True
        page = self._page(self._url())
        self.assertEqual(len(page.xpath("//input[@name='delivery']")), 2)
        self.assertIn("Add your address", self._text(page))
        self._set_address(self.ann)
        page = self._text(self._page(self._url()))
        self.assertIn("Jinan Lixia 5 Garden Road", page)

    def test_the_fee_is_shown_and_the_join_is_brought_home(self):
        self.campaign.door_delivery = True
        self._set_address(self.ann)
        self.env["delivery.carrier"].search([]).is_published = False
        product = self._create_product("Rider", 6, type="service", is_storable=False)
        self.env["delivery.carrier"].create(
            {"name": "Rider", "product_id": product.id, "is_published": True}
        )
        self.authenticate("gb_resident_1", "gb_resident_1")
        url = f"/groupbuy/{self.campaign.id}/delivery"
        lines = [{"offer_id": self.offer.id, "quantity": 2}]
        answer, _error = self._rpc(url, lines=lines)
        self.assertEqual((answer["carrier"], answer["amount"]), ("Rider", 6.0))
        for wrong in (None, [], "x", [{}]):
            self.assertTrue(self._rpc(url, lines=wrong)[1])
        _answer, error = self._rpc("/groupbuy/0/delivery", lines=lines)
        self.assertIn("does not exist", error["message"])
        answer, _error = self._rpc_join(2, pickup_point_id=None, delivery="door")
        self.assertEqual(answer["amount"], 26.0)
        page = self._text(self._page(answer["payment_url"]))
        self.assertIn("Rider", page)
        self.assertIn("Jinan Lixia 5 Garden Road", page)
        response = self._post(
            f"/groupbuy/{self.campaign.id}/join-form",
            {f"quantity_{self.offer.id}": "1", "delivery": "door", "key": "form"},
        )
        self.assertIn("/groupbuy/pay/", response.headers["Location"])

    # === AFTERWARDS === #

    def test_residents_move_their_own_orders_only(self):
        order = self._buy(self.campaign, self.ann, {self.leek: 2})
        url = f"/my/groupbuy/{order.id}/point"
        self.authenticate("gb_resident_2", "gb_resident_2")
        self._post(url, {"pickup_point_id": str(self.north.id)})
        order.invalidate_recordset()
        self.assertEqual(order.pickup_point_id, self.point)
        self.authenticate("gb_resident_1", "gb_resident_1")
        for wrong in ("", "x", "-1", "99999999999", str(self.north.id) + ".0"):
            response = self._post(url, {"pickup_point_id": wrong})
            self.assertEqual(response.status_code, 303)
        order.invalidate_recordset()
        self.assertEqual(order.pickup_point_id, self.point)
        page = self._get(f"/my/groupbuy/{order.id}")
        self.assertIn("cannot be collected at that pickup point", page.text)
        self._post(url, {"pickup_point_id": str(self.north.id)})
        order.invalidate_recordset()
        self.assertEqual(order.pickup_point_id, self.north)
        self._post("/my/groupbuy/999999999/point", {"pickup_point_id": "1"})
        # Not sent, so not received.
        self._post(f"/my/groupbuy/{order.id}/received", {})
        order.invalidate_recordset()
        self.assertFalse(order.groupbuy_received_at)

    def test_ordinary_orders_say_where_they_are_collected(self):
        order = self._create_pickup_order(self.ann, self.leek, 2, self.point)
        order.action_confirm()
        self.authenticate("gb_resident_1", "gb_resident_1")
        page = self._text(self._page(f"/my/orders/{order.id}"))
        self.assertIn("East Gate", page)
        self.assertIn("To Ship", page)
        with self._later(days=1):
            self.assertEqual(
                order._groupbuy_get_pickup_day(),
                self.company._get_groupbuy_date(
                    fields.Datetime.now() - timedelta(days=1)
                ),
            )
