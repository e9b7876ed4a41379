from io import BytesIO

from PIL import Image

from odoo.tests import new_test_user, tagged

from .handover_common import HandoverCommon
from .storefront_common import StorefrontCommon


@tagged("post_install", "-at_install")
class TestHandoverDesk(HandoverCommon, StorefrontCommon):
    """The desk and the QR code, over HTTP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        new_test_user(
            cls.env,
            login="gb_operator",
            password="gb_operator",
            groups="community_groupbuy.group_operator",
        )

    def setUp(self):
        super().setUp()
        self.orders = self._buy_at(
            (self.ann, {self.leek: 2}, self.point),
            (self.ben, {self.leek: 3}, self.west),
        )
        self.order, self.foreign = self.orders

    def _call(self, route, **params):
        return self._rpc(f"/groupbuy/handover/{route}", **params)

    # === QR === #

    def test_qr_code_for_its_resident_only(self):
        url = f"/my/groupbuy/{self.order.id}/qr.png"
        self.authenticate("gb_resident_1", "gb_resident_1")
        self._get(url, 404)
        self._arrive(self.orders)
        response = self._get(url)
        self.assertEqual(response.headers["Content-Type"], "image/png")
        image = Image.open(BytesIO(response.content))
        self.assertGreater(min(image.size), 200)
        self.authenticate("gb_resident_2", "gb_resident_2")
        self._get(url, 404)
        self._get(f"{url}?access_token=x", 404)
        self.authenticate(None, None)
        self._get(url, 404)
        self._get(self.order._groupbuy_get_qr_url())
        self._get("/my/groupbuy/99999999/qr.png", 404)

    # === DESK === #

    def test_desk_is_for_those_who_run_a_point(self):
        self._arrive(self.orders)
        self.authenticate("gb_resident_1", "gb_resident_1")
        self.assertTrue(self.url_open("/my/handover").url.endswith("/my"))
        answer, _error = self._call("desk")
        self.assertEqual(answer, {"points": [], "point_id": False, "recent": []})
        code = self.order.groupbuy_pickup_code
        for route, params in (
            ("find", {"code": code}),
            ("do", {"codes": [code]}),
        ):
            _answer, error = self._call(route, point_id=self.point.id, **params)
            self.assertEqual(error["name"], "odoo.exceptions.AccessError")
        counters, _error = self._rpc(
            "/my/counters", counters=["groupbuy_handover_count"]
        )
        self.assertFalse(counters["groupbuy_handover_count"])
        self.assertEqual(self.order.groupbuy_status, "ready")

    def test_desk_from_scan_to_undo(self):
        self._arrive(self.orders)
        self.authenticate("gb_operator", "gb_operator")
        token = self.order._groupbuy_get_qr_token()
        page = self._page(f"/my/handover?code={token}")
        [desk] = page.cssselect("owl-component")
        self.assertIn(token, desk.get("props"))
        counters, _error = self._rpc(
            "/my/counters", counters=["groupbuy_handover_count"]
        )
        self.assertGreaterEqual(counters["groupbuy_handover_count"], 2)
        answer, _error = self._call("desk", point_id=self.point.id)
        self.assertEqual(answer["point_id"], self.point.id)
        self.assertIn({"id": self.west.id, "name": "West Gate"}, answer["points"])
        self.assertEqual([o["order_id"] for o in answer["orders"]], self.order.ids)
        found, _error = self._call("find", point_id=self.point.id, code=token)
        self.assertEqual(found["state"], "ready")
        [done], _error = self._call("do", point_id=self.point.id, codes=[token])
        self.assertEqual(done["state"], "done")
        answer, _error = self._call("desk", point_id=self.point.id)
        self.assertEqual(answer["orders"], [])
        self.assertEqual(
            [one["handover_id"] for one in answer["recent"]], [done["handover_id"]]
        )
        answer, _error = self._call("undo", handover_id=done["handover_id"])
        self.assertTrue(answer)
        self.order.invalidate_recordset()
        self.assertEqual(self.order.groupbuy_status, "ready")

    def test_bad_input_is_refused_in_words(self):
        self.authenticate("gb_operator", "gb_operator")
        for route, params in (
            ("find", {"point_id": "x", "code": "1"}),
            ("find", {"point_id": -1, "code": "1"}),
            ("find", {"point_id": 2**40, "code": "1"}),
            ("find", {"point_id": self.point.id, "code": None}),
            ("do", {"point_id": self.point.id, "codes": "all"}),
            ("do", {"point_id": None, "codes": [1]}),
            ("undo", {"handover_id": "1"}),
            ("undo", {"handover_id": 2**31 - 1}),
            ("desk", {"point_id": self.point.id, "search": ["x"]}),
            ("desk", {"point_id": self.point.id, "offset": "all"}),
        ):
            answer, error = self._call(route, **params)
            self.assertIsNone(answer, (route, params))
            self.assertIn(
                error["name"],
                ("odoo.exceptions.UserError", "odoo.exceptions.AccessError"),
            )
