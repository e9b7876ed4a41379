from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .fulfilment_common import FulfilmentCommon


@tagged("post_install", "-at_install")
class TestPickupDate(FulfilmentCommon):
    def _in_days(self, days):
        return fields.Datetime.add(
            fields.Datetime.now().replace(microsecond=0), days=days
        )

    def test_goods_and_batches_follow_and_residents_are_told(self):
        campaign, orders = self._succeed([(self.ann, 2), (self.ben, 1)])
        transfer = self._get_transfers(campaign)
        action = self.env.ref("community_groupbuy.groupbuy_campaign_pickup_action")
        form = Form(
            self.env[action.res_model]
            .with_user(self.operator)
            .with_context(default_campaign_id=campaign.id)
        )
        self.assertEqual(form.pickup_date, campaign.pickup_date)
        self.assertEqual(form.resident_count, 2)
        first, last = self._in_days(9), self._in_days(10)
        form.pickup_date = first
        form.pickup_deadline = last
        form.reason = "Snow"
        form.save().action_move()
        self.assertEqual(campaign.pickup_date, first)
        self.assertEqual(campaign.pickup_deadline, last)
        self.assertEqual(transfer.scheduled_date, first)
        self.assertEqual(set(orders.picking_ids.mapped("scheduled_date")), {first})
        self.assertEqual(
            transfer.batch_id.groupbuy_date,
            self.company._get_groupbuy_date(first),
        )
        self.assertMailed(orders[0], "Another day to collect")
        self.assertTrue(
            any("Snow" in (body or "") for body in orders[0].message_ids.mapped("body"))
        )

    def test_a_truck_of_others_keeps_its_day(self):
        campaign, _orders = self._succeed([(self.ann, 2)])
        other, _orders = self._succeed([(self.ben, 1)])
        batch = self._get_transfers(other).batch_id
        day = batch.groupbuy_date
        campaign.action_move_pickup(self._in_days(9))
        self.assertEqual(self._get_transfers(other).batch_id, batch)
        self.assertEqual(batch.groupbuy_date, day)
        self.assertEqual(batch.picking_ids, self._get_transfers(other))

    def test_once_all_has_left_only_the_deadline_moves(self):
        campaign, (order,) = self._succeed([(self.ann, 2)])
        self._dispatch(self._get_transfers(campaign))
        with self.assertRaisesRegex(UserError, "have left"):
            campaign.action_move_pickup(self._in_days(9))
        last = self._in_days(9)
        campaign.action_move_pickup(campaign.pickup_date, last)
        self.assertEqual(campaign.pickup_deadline, last)
        self.assertMailed(order, "Another day to collect")

    def test_those_who_are_refunded_are_not_told(self):
        campaign, (first, last) = self._succeed([(self.ann, 2), (self.ben, 1)], stock=2)
        self._dispatch(self._get_transfers(campaign), backorder=False)
        campaign.action_move_pickup(campaign.pickup_date, self._in_days(9))
        self.assertMailed(first, "Another day to collect")
        self.assertFalse(
            any("Another day" in subject for subject in self._get_mails(last))
        )

    def test_bad_dates_and_strangers_are_refused(self):
        campaign, _orders = self._succeed([(self.ann, 2)])
        for arguments in (
            (False,),
            ("tomorrow",),
            (7,),
            ([],),
            (self._in_days(-1),),
            (self._in_days(9), self._in_days(8)),
            (self._in_days(9), "x"),
            (self._in_days(9), False, 5),
            (self._in_days(9), False, "x" * 501),
        ):
            with self.subTest(arguments), self.assertRaises(UserError):
                campaign.with_user(self.operator).action_move_pickup(*arguments)
        with self.assertRaises(AccessError):
            campaign.with_user(self.ann).action_move_pickup(self._in_days(9))
        open_campaign = self._create_campaign(self._example())
        with self.assertRaises(UserError):
            open_campaign.action_move_pickup(self._in_days(9))
