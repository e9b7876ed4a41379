from psycopg2 import IntegrityError

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestHold(GroupbuyCommon):
    """Pieces taken: counted here and nowhere else. How they stand up to many at once
    is tested over real connections, in the journeys."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(cls._example(quota=10))
        cls.offer = cls.campaign.offer_ids

    def test_held_pieces_come_back_when_their_time_is_over(self):
        self._join(self.campaign, self.ann, 8)
        self.assertEqual(self.offer.remaining, 2)
        with self._later(minutes=14):
            self.env.invalidate_all()
            self.assertEqual(self.offer.remaining, 2)
        with self._later(minutes=16):
            self.env.invalidate_all()
            self.assertEqual(self.offer.remaining, 10, "also before the sweep")
            self._buy(self.campaign, self.ben, 10)

    def test_time_to_pay_is_the_companys(self):
        self.company.groupbuy_hold_minutes = 60
        order = self._join(self.campaign, self.ann, 8)
        with self._later(minutes=59):
            self.assertTrue(order._is_held())
        with self._later(minutes=61):
            self.assertFalse(order._is_held())

    def test_paid_pieces_never_run_out(self):
        order = self._buy(self.campaign, self.ann, 8)
        with self._later(days=1):
            self._sweep()
            self.assertEqual(order.state, "sent")
            self.assertEqual(self.offer.paid_quantity, 8)

    def test_expiring_leaves_others_alone(self):
        first = self._join(self.campaign, self.ann, 4)
        with self._later(minutes=10):
            second = self._join(self.campaign, self.ben, 4)
        with self._later(minutes=16):
            self._sweep()
        self.assertEqual((first.state, second.state), ("cancel", "draft"))
        self.assertEqual(self._get_holds(second).state, "held")

    def test_hold_without_an_order_gives_its_pieces_back(self):
        """A crash between the hold and its order: the pieces wait, then return."""
        hold_model = self.env["groupbuy.hold"]
        hold_model._take(
            self.campaign, self.ann.partner_id, "lost", "x", {self.offer.id: 10}
        )
        self.assertEqual(self.offer.remaining, 0)
        with self._later(minutes=16):
            self._sweep()
            self.assertEqual(self.offer.remaining, 10)

    def test_key_after_a_crash_finds_its_pieces_and_gets_its_order(self):
        lines, point = self._lines(self.campaign, 4), self.point.id
        campaign = self.campaign.with_user(self.ann)
        wanted, found = campaign._check_join(lines, point, "again")
        self.env["groupbuy.hold"]._take(
            self.campaign,
            self.ann.partner_id,
            "again",
            campaign._get_join_fingerprint(wanted, found),
            wanted,
        )
        answer = campaign.join(lines, point, "again")
        order = self.env["sale.order"].browse(answer["order_id"])
        self.assertEqual(order.order_line.product_uom_qty, 4)
        self.assertEqual(self.offer.held_quantity, 4)

    @mute_logger("odoo.sql_db")
    def test_database_refuses_two_holds_of_one_join_and_no_pieces(self):
        hold = self._get_holds(self._join(self.campaign, self.ann, 4))
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            hold.copy()
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            hold.quantity = 0
            hold.flush_recordset()
