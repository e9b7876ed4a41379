from odoo.tests import new_test_user, tagged

from .browser_common import BrowserCommon
from .handover_common import HandoverCommon
from .storefront_common import StorefrontCommon


class HandoverTourCommon(HandoverCommon, StorefrontCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        new_test_user(
            cls.env,
            login="gb_operator",
            password="gb_operator",
            groups="community_groupbuy.group_operator",
            lang="en_US",
        )
        # The desk opens at the first point by name.
        cls.point.name = "A Point"
        others = cls.env["groupbuy.pickup.point"].search(
            [("id", "not in", (cls.point + cls.west).ids)]
        )
        others.active = False

    def setUp(self):
        super().setUp()
        self.orders = self._buy_at(
            (self.ann, {self.leek: 2, self.ginger: 1}, self.point),
            (self.ben, {self.leek: 3}, self.point),
            (self.cem, {self.leek: 4}, self.point),
            (self.dot, {self.leek: 5}, self.west),
        )
        names = ("Ann Tour", "Ben Tour", "Cem Tour", "Dot Tour")
        self._arrive(self.orders)
        for order, name, code in zip(
            self.orders,
            names,
            ("111111", "222222", "333333", "444444"),
            strict=True,
        ):
            order.partner_id.name = name
            order.groupbuy_pickup_code = code

    def _check(self):
        self.assertEqual(
            self.orders.mapped("groupbuy_status"),
            ["received", "ready", "received", "ready"],
        )
        self.assertEqual(len(self.orders[1].groupbuy_handover_ids), 1)
        self.assertTrue(self.orders[1].groupbuy_handover_ids.undone_at)


@tagged("post_install", "-at_install")
class TestHandoverPhone(HandoverTourCommon):
    """Whoever runs a point, with a phone in the hand."""

    browser_size = "390x844"
    touch_enabled = True

    def test_hand_over_on_a_phone(self):
        self.start_tour("/my/handover", "groupbuy_handover_phone", login="gb_operator")
        self._check()
        self.assertTrue(self.orders[0].groupbuy_handover_ids.signature)

    def test_the_phones_own_camera_leads_to_the_desk(self):
        token = self.orders[0]._groupbuy_get_qr_token()
        self.start_tour(
            f"/my/handover?code={token}", "groupbuy_handover_link", login="gb_operator"
        )
        self.assertEqual(self.orders[0].groupbuy_status, "received")


@tagged("post_install", "-at_install")
class TestHandoverBackend(HandoverTourCommon, BrowserCommon):
    """The same desk in the backend, with a scanner that types."""

    def test_hand_over_in_the_backend(self):
        self.start_tour(
            "/odoo/action-community_groupbuy.groupbuy_handover_desk_action",
            "groupbuy_handover_backend",
            login="gb_operator",
        )
        self._check()
