from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .fulfilment_common import FulfilmentCommon


@tagged("post_install", "-at_install")
class TestDispatch(FulfilmentCommon):
    # === ROUTES AND BATCHES === #

    def test_transfers_are_batched_by_route_and_day(self):
        south = self.env["groupbuy.route"].create({"name": "South"})
        second, third, fourth = self.env["groupbuy.pickup.point"].create(
            [
                {"name": "West Gate", "route_id": self.route.id},
                {"name": "Harbour", "route_id": south.id},
                {"name": "Hill"},
            ]
        )
        campaign, _orders = self._succeed(
            [
                (self.ann, 1),
                (self.ben, 1, second),
                (self.cem, 1, third),
                (self.dot, 1, fourth),
            ]
        )
        transfers = self._get_transfers(campaign)
        by_route = transfers.grouped("groupbuy_route_id")
        self.assertEqual(
            {route: len(own.batch_id) for route, own in by_route.items()},
            {self.route: 1, south: 1, south.browse(): 1},
        )
        batch = by_route[self.route].batch_id
        self.assertEqual(batch.picking_ids.pickup_point_id, self.point | second)
        self.assertEqual(batch.groupbuy_route_id, self.route)
        self.assertEqual(batch.state, "in_progress")
        self.assertEqual(
            batch.groupbuy_date, self.company._get_groupbuy_date(campaign.pickup_date)
        )
        self.assertEqual(batch.groupbuy_point_count, 2)
        self.assertEqual(batch.groupbuy_piece_count, 2)

    def test_campaigns_of_one_day_share_the_truck(self):
        first, _orders = self._succeed([(self.ann, 1)])
        second, _orders = self._succeed([(self.ben, 1)], product=self.ginger)
        self.assertEqual(
            self._get_transfers(first).batch_id, self._get_transfers(second).batch_id
        )

    def test_another_day_is_another_batch(self):
        first, _orders = self._succeed([(self.ann, 1)])
        later = fields.Datetime.add(fields.Datetime.now(), days=5)
        second, _orders = self._succeed([(self.ben, 1)])
        second.action_move_pickup(later)
        batch = self._get_transfers(second).batch_id
        self.assertNotEqual(self._get_transfers(first).batch_id, batch)
        self.assertEqual(batch.groupbuy_date, self.company._get_groupbuy_date(later))

    def test_a_point_of_another_route_takes_its_open_transfers_along(self):
        campaign, _orders = self._succeed([(self.ann, 1)])
        other, _orders = self._succeed([(self.ben, 1)])
        self._dispatch(self._get_transfers(other))
        south = self.env["groupbuy.route"].create({"name": "South"})
        self.point.route_id = south
        transfer = self._get_transfers(campaign)
        self.assertEqual(transfer.groupbuy_route_id, south)
        self.assertEqual(transfer.batch_id.groupbuy_route_id, south)
        self.assertEqual(self._get_transfers(other).groupbuy_route_id, self.route)

    def test_one_search_and_one_batch_for_all_transfers(self):
        points = self.env["groupbuy.pickup.point"].create(
            [{"name": f"Point {i}", "route_id": self.route.id} for i in range(5)]
        )
        campaign, _orders = self._succeed(
            [
                (user, 1, point)
                for user, point in zip(self.residents, points, strict=False)
            ]
        )
        transfers = self._get_transfers(campaign)
        self.assertEqual(len(transfers), 5)
        self.assertEqual(len(transfers.batch_id), 1)

    # === LEAVING === #

    def test_validated_goods_are_on_the_way_and_residents_are_told(self):
        campaign, orders = self._succeed([(self.ann, 2), (self.ben, 3)])
        transfer = self._get_transfers(campaign)
        self.assertEqual(set(orders.mapped("groupbuy_status")), {"to_ship"})
        self._dispatch(transfer)
        self.assertEqual(transfer.groupbuy_stage, "way")
        self.assertEqual(set(orders.mapped("groupbuy_status")), {"shipped"})
        self.assertEqual(self._at_location(self.leek, self.point.location_id), 5)
        handover = self._get_handover(orders[0])
        self.assertFalse(handover.move_line_ids, "set aside at the point only")
        self.assertMailed(orders[0], "On the way")

    def test_a_whole_batch_leaves_at_once(self):
        second = self.env["groupbuy.pickup.point"].create(
            {"name": "West Gate", "route_id": self.route.id}
        )
        campaign, orders = self._succeed([(self.ann, 2), (self.ben, 3, second)])
        batch = self._get_transfers(campaign).batch_id
        batch.action_assign()
        self.assertEqual(batch.groupbuy_ready_count, 2)
        batch.with_user(self.operator).action_done()
        self.assertEqual(batch.state, "done")
        self.assertEqual(set(orders.mapped("groupbuy_status")), {"shipped"})
        self.assertEqual((batch.groupbuy_left_count, batch.groupbuy_progress), (2, 50))

    def test_what_lacks_goes_later_and_first_joined_get_theirs_first(self):
        campaign, (first, second, third) = self._succeed(
            [(self.ann, 2), (self.ben, 4), (self.cem, 1)], stock=3
        )
        transfer = self._get_transfers(campaign)
        self._dispatch(transfer)
        backorder = self._get_transfers(campaign) - transfer
        self.assertEqual(backorder.pickup_point_id, self.point)
        self.assertEqual(backorder.groupbuy_stage, "warehouse")
        self.assertTrue(backorder.batch_id)
        self.assertNotEqual(backorder.batch_id, transfer.batch_id)
        self.assertEqual(backorder.move_ids.product_uom_qty, 4)
        self.assertEqual(first.groupbuy_status, "shipped")
        self.assertEqual(second.groupbuy_status, "to_ship")
        self.assertEqual(third.groupbuy_status, "to_ship")
        transfer.with_user(self.operator).groupbuy_record_arrival()
        self.assertEqual(first.groupbuy_status, "ready")
        self.assertEqual(second.groupbuy_status, "to_ship")
        self._stock(self.leek, 4)
        self._dispatch(backorder)
        self.assertEqual(second.groupbuy_status, "shipped")
        self.assertEqual(self._get_handover(first).groupbuy_stage, "point")
        backorder.with_user(self.operator).groupbuy_record_arrival()
        self.assertEqual((second | third).mapped("groupbuy_status"), ["ready"] * 2)
        for order, pieces in ((first, 2), (second, 4), (third, 1)):
            handover = self._get_handover(order)
            self.assertEqual(handover.state, "assigned")
            self.assertEqual(sum(handover.move_ids.mapped("quantity")), pieces)

    def test_what_is_not_sent_is_refunded_to_those_who_joined_last(self):
        campaign, (first, second, third) = self._succeed(
            [(self.ann, 2), (self.ben, 4), (self.cem, 1)], stock=3
        )
        transfer = self._get_transfers(campaign)
        self._dispatch(transfer, backorder=False)
        self._run_jobs()
        self.assertEqual(self._get_transfers(campaign), transfer)
        issue = transfer.groupbuy_issue_ids
        self.assertEqual((issue.kind, issue.quantity), ("not_sent", 4))
        self.assertEqual(issue.order_ids, second | third)
        self.assertMoney(first, 20, 0, 20)
        self.assertMoney(second, 40, 30, 10)
        self.assertMoney(third, 10, 10, 0)
        self.assertEqual(first.groupbuy_status, "shipped")
        self.assertEqual(second.groupbuy_status, "shipped")
        self.assertEqual(third.groupbuy_status, "refunded")
        self.assertEqual(self._get_handover(second).move_ids.product_uom_qty, 1)
        self.assertEqual(self._get_handover(third).state, "cancel")
        transfer.with_user(self.operator).groupbuy_record_arrival()
        self.assertEqual(second.groupbuy_status, "ready")
        self.assertEqual(self._at_location(self.leek, self.point.location_id), 3)

    def test_a_transfer_that_is_cancelled_is_refunded_whole(self):
        campaign, (order,) = self._succeed([(self.ann, 2)])
        transfer = self._get_transfers(campaign)
        transfer.with_user(self.operator).action_cancel()
        self._run_jobs()
        self.assertEqual(transfer.groupbuy_issue_ids.quantity, 2)
        self.assertMoney(order, 20, 20, 0)
        self.assertEqual(order.groupbuy_status, "refunded")
        self.assertEqual(self._at_location(self.leek, self.warehouse.lot_stock_id), 2)

    def test_a_transfer_without_goods_stays_for_a_later_truck(self):
        second = self.env["groupbuy.pickup.point"].create(
            {"name": "West Gate", "route_id": self.route.id}
        )
        campaign, (sent, waits) = self._succeed(
            [(self.ann, 2), (self.ben, 3, second)], stock=2
        )
        first, other = self._get_transfers(campaign)
        batch = first.batch_id
        batch.action_assign()
        batch.with_user(self.operator).action_done()
        self.assertEqual((first.state, other.groupbuy_stage), ("done", "warehouse"))
        self.assertEqual(sent.groupbuy_status, "shipped")
        self.assertEqual(waits.groupbuy_status, "to_ship")
        self.assertTrue(other.batch_id)
        self.assertNotEqual(other.batch_id, batch)

    def test_warehouse_people_without_sales_rights_send(self):
        keeper = new_test_user(self.env, "gb_keeper", groups="stock.group_stock_user")
        campaign, (order, last) = self._succeed([(self.ann, 2), (self.ben, 2)], stock=3)
        transfer = self._get_transfers(campaign).with_user(keeper)
        transfer.action_assign()
        answer = transfer.button_validate()
        self.env[answer["res_model"]].with_user(keeper).with_context(
            **answer["context"]
        ).create({}).process_cancel_backorder()
        self._run_jobs()
        self.assertEqual(order.groupbuy_status, "shipped")
        self.assertMoney(last, 20, 10, 10)
        with self.assertRaises(AccessError):
            transfer.groupbuy_record_arrival()
