import base64

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .fulfilment_common import FulfilmentCommon

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
    "AAAABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestArrival(FulfilmentCommon):
    def _send(self, quantities, **kwargs):
        """:return: (the transfer on its way, as the operator sees it; the orders)"""
        campaign, orders = self._succeed(quantities, **kwargs)
        transfer = self._get_transfers(campaign)
        self._dispatch(transfer)
        return transfer.with_user(self.operator), orders

    def _line(self, short=0, damaged=0, product=None, **vals):
        product = product or self.leek
        return {
            "product_id": product.id,
            "short": short,
            "damaged": damaged,
            **vals,
        }

    # === ALL RIGHT === #

    def test_all_right_in_one_tap(self):
        transfer, orders = self._send([(self.ann, 2), (self.ben, 3)])
        transfer.action_groupbuy_all_right()
        self.assertEqual(transfer.groupbuy_stage, "point")
        self.assertEqual(transfer.groupbuy_arrived_by_id, self.operator)
        self.assertTrue(transfer.groupbuy_arrived_at)
        self.assertEqual(orders.mapped("groupbuy_status"), ["ready"] * 2)
        for order in orders:
            self.assertEqual(self._get_handover(order).state, "assigned")
            self.assertRegex(order.groupbuy_pickup_code, r"^\d{6}$")
        self.assertFalse(transfer.groupbuy_issue_ids)
        self.assertEqual(transfer.batch_id.groupbuy_progress, 100)
        self.assertMailed(orders[0], orders[0].groupbuy_pickup_code)

    def test_the_code_goes_out_by_sms_if_wanted(self):
        self.company.groupbuy_ready_sms = True
        transfer, (order,) = self._send([(self.ann, 2)])
        transfer.groupbuy_record_arrival()
        sms = self.env["sms.sms"].search([("partner_id", "=", self.ann.partner_id.id)])
        self.assertIn(order.groupbuy_pickup_code, sms.body)

    def test_several_transfers_arrive_at_once(self):
        first, (ann,) = self._send([(self.ann, 2)])
        second, (ben,) = self._send([(self.ben, 1)])
        (first | second).action_groupbuy_all_right()
        self.assertEqual((ann | ben).mapped("groupbuy_status"), ["ready"] * 2)

    def test_an_ordinary_order_arrives_the_same_way(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.ann.partner_id.id,
                "carrier_id": self.env.ref(
                    "community_groupbuy.delivery_carrier_pickup"
                ).id,
                "pickup_point_id": self.point.id,
                "order_line": [
                    Command.create({"product_id": self.leek.id, "product_uom_qty": 3})
                ],
            }
        )
        order.action_confirm()
        transfer = self._get_handover(order).move_ids.move_orig_ids.picking_id
        self.assertEqual(transfer.batch_id.groupbuy_route_id, self.route)
        self._stock(self.leek, 3)
        self._dispatch(transfer)
        self.assertEqual(order.groupbuy_status, "shipped")
        transfer.with_user(self.operator).groupbuy_record_arrival([self._line(short=1)])
        self.assertEqual(order.groupbuy_status, "ready")
        self.assertEqual(order.order_line.product_uom_qty, 2)
        self.assertEqual(self._get_handover(order).move_ids.quantity, 2)
        self.assertMailed(order, order.groupbuy_pickup_code)

    def test_through_the_form(self):
        transfer, (first, last) = self._send([(self.ann, 2), (self.ben, 3)])
        action = transfer.action_groupbuy_open_arrival()
        form = Form(
            self.env[action["res_model"]]
            .with_user(self.operator)
            .with_context(**action["context"])
        )
        self.assertFalse(form.has_losses)
        with form.line_ids.edit(0) as line:
            self.assertEqual(line.came, 5)
            line.damaged = 1
            line.note = "Squashed"
        self.assertTrue(form.has_losses)
        form.save().action_record()
        self._run_jobs()
        self.assertEqual(transfer.groupbuy_issue_ids.note, "Squashed")
        self.assertMoney(last, 30, 10, 20)
        self.assertMoney(first, 20, 0, 20)

    # === LOSSES === #

    def test_last_joined_lose_first_and_are_refunded(self):
        transfer, (first, second, third) = self._send(
            [(self.ann, 2), (self.ben, 4), (self.cem, 1)]
        )
        transfer.groupbuy_record_arrival(
            [self._line(short=2, damaged=1, photo=PIXEL, note="Wet")]
        )
        self._run_jobs()
        short, damaged = transfer.groupbuy_issue_ids.sorted("id")
        self.assertEqual((short.kind, short.quantity), ("short", 2))
        self.assertEqual((damaged.kind, damaged.quantity), ("damaged", 1))
        self.assertEqual(short.order_ids, second | third)
        self.assertEqual(damaged.order_ids, second)
        self.assertEqual((bool(short.photo), bool(damaged.photo)), (False, True))
        self.assertMoney(first, 20, 0, 20)
        self.assertMoney(second, 40, 20, 20)
        self.assertMoney(third, 10, 10, 0)
        self.assertEqual(
            (first | second | third).mapped("groupbuy_status"),
            ["ready", "ready", "refunded"],
        )
        self.assertEqual(sum(self._get_handover(second).move_ids.mapped("quantity")), 2)
        self.assertFalse(third.groupbuy_pickup_code)
        self.assertMailed(third, "We give back money")
        self.assertMailed(second, "Ready to collect")

    def test_what_is_lost_is_written_off_with_its_reason(self):
        transfer, _orders = self._send([(self.ann, 2), (self.ben, 4)])
        transfer.groupbuy_record_arrival([self._line(short=2, damaged=1)])
        self.assertEqual(self._at_location(self.leek, self.point.location_id), 3)
        scraps = transfer.groupbuy_issue_ids.scrap_ids
        self.assertEqual(set(scraps.mapped("state")), {"done"})
        self.assertEqual(
            {
                tag.get_external_id()[tag.id]: scrap.scrap_qty
                for scrap in scraps
                for tag in scrap.scrap_reason_tag_ids
            },
            {
                "community_groupbuy.scrap_tag_short": 2,
                "community_groupbuy.scrap_tag_damaged": 1,
            },
        )
        scrapped = self._at_location(self.leek, scraps.scrap_location_id)
        self.assertEqual(scrapped, 3)

    def test_everything_is_lost(self):
        transfer, orders = self._send([(self.ann, 2), (self.ben, 4)])
        transfer.groupbuy_record_arrival([self._line(short=6)])
        self._run_jobs()
        self.assertEqual(orders.mapped("groupbuy_status"), ["refunded"] * 2)
        self.assertMoney(orders[0], 20, 20, 0)
        self.assertMoney(orders[1], 40, 40, 0)
        self.assertEqual(self._at_location(self.leek, self.point.location_id), 0)

    def test_what_nobody_ordered_is_lost_before_what_somebody_did(self):
        campaign, (order,) = self._succeed([(self.ann, 2)], stock=3)
        transfer = self._get_transfers(campaign)
        transfer.action_assign()
        transfer.move_ids.quantity = 3
        transfer.with_user(self.operator).button_validate()
        transfer.with_user(self.operator).groupbuy_record_arrival([self._line(short=1)])
        self._run_jobs()
        self.assertFalse(transfer.groupbuy_issue_ids.order_ids)
        self.assertMoney(order, 20, 0, 20)
        self.assertEqual(order.groupbuy_status, "ready")

    def test_lots_are_written_off_as_they_came(self):
        self.leek.tracking = "lot"
        lot = self.env["stock.lot"].create(
            {"name": "L1", "product_id": self.leek.id, "company_id": self.company.id}
        )
        campaign, orders = self._succeed([(self.ann, 2), (self.ben, 1)], stock=0)
        self.env["stock.quant"]._update_available_quantity(
            self.leek, self.warehouse.lot_stock_id, 3, lot_id=lot
        )
        transfer = self._get_transfers(campaign)
        self._dispatch(transfer)
        transfer.with_user(self.operator).groupbuy_record_arrival(
            [self._line(damaged=1)]
        )
        self.assertEqual(transfer.groupbuy_issue_ids.scrap_ids.lot_id, lot)
        self.assertEqual(self._get_handover(orders[0]).move_line_ids.lot_id, lot)

    # === SUBSTITUTES === #

    def test_a_substitute_goes_to_the_first_of_those_affected(self):
        onion = self._create_product("Spring onions", 12)
        transfer, (first, second, third) = self._send(
            [(self.ann, 2), (self.ben, 4), (self.cem, 1)]
        )
        transfer.groupbuy_record_arrival(
            [
                self._line(
                    short=3,
                    substitute_product_id=onion.id,
                    substitute_quantity=2,
                )
            ]
        )
        self._run_jobs()
        self.assertMoney(first, 20, 0, 20)
        self.assertMoney(second, 40, 0, 40)
        self.assertMoney(third, 10, 10, 0)
        handed = {
            move.product_id: move.quantity
            for move in self._get_handover(second).move_ids
        }
        self.assertEqual(handed, {self.leek: 2, onion: 2})
        self.assertEqual(second.groupbuy_status, "ready")
        self.assertEqual(third.groupbuy_status, "refunded")
        self.assertEqual(self._at_location(onion, self.point.location_id), 2)
        line = transfer.groupbuy_issue_ids.line_ids.filtered(
            lambda line: line.order_id == second
        )
        self.assertEqual((line.substituted_quantity, line.refunded_quantity), (2, 0))

    def test_a_substitute_for_everything_an_order_has(self):
        onion = self._create_product("Spring onions", 12)
        transfer, (order,) = self._send([(self.ann, 2)])
        transfer.groupbuy_record_arrival(
            [
                self._line(
                    damaged=2, substitute_product_id=onion.id, substitute_quantity=2
                )
            ]
        )
        self._run_jobs()
        self.assertMoney(order, 20, 0, 20)
        self.assertEqual(order.groupbuy_status, "ready")
        handover = self._get_handover(order)
        moves = handover.move_ids.filtered(lambda move: move.state != "cancel")
        self.assertEqual((moves.product_id, moves.quantity), (onion, 2))

    def test_an_order_paid_with_a_coupon_is_refunded_instead(self):
        self._create_coupon_program("TENTH", discount=10, discount_mode="percent")
        onion = self._create_product("Spring onions", 12)
        transfer, (order,) = self._send([(self.ann, 2, None, "TENTH")])
        transfer.groupbuy_record_arrival(
            [self._line(short=1, substitute_product_id=onion.id, substitute_quantity=1)]
        )
        self._run_jobs()
        self.assertMoney(order, 18, 9, 9)
        self.assertFalse(transfer.groupbuy_issue_ids.substitute_product_id)

    def test_a_substitute_taxed_in_another_way_is_refused(self):
        excluded = self.tax_9.copy(
            {"name": "VAT on top", "price_include_override": "tax_excluded"}
        )
        onion = self._create_product("Spring onions", 12, taxes=excluded)
        transfer, (order,) = self._send([(self.ann, 2)])
        with self.assertRaises(UserError):
            transfer.groupbuy_record_arrival(
                [
                    self._line(
                        short=1, substitute_product_id=onion.id, substitute_quantity=1
                    )
                ]
            )
        self.assertEqual(transfer.groupbuy_stage, "way")

    # === REFUSED === #

    def test_twice_or_too_early_is_refused(self):
        campaign, _orders = self._succeed([(self.ann, 2)])
        transfer = self._get_transfers(campaign)
        recorded = transfer.with_user(self.operator)
        with self.assertRaisesRegex(UserError, "has not left"):
            recorded.groupbuy_record_arrival()
        self._dispatch(transfer)
        recorded.groupbuy_record_arrival()
        with self.assertRaisesRegex(UserError, "already recorded"):
            recorded.groupbuy_record_arrival()

    def test_only_those_who_run_the_point_record(self):
        transfer, (order,) = self._send([(self.ann, 2)])
        for user in (self.ann, self.env.ref("base.public_user")):
            with self.assertRaises(AccessError):
                transfer.with_user(user).groupbuy_record_arrival()
        self.assertEqual(order.groupbuy_status, "shipped")

    def test_another_transfer_is_refused(self):
        transfer, (order,) = self._send([(self.ann, 2)])
        handover = self._get_handover(order).with_user(self.operator)
        with self.assertRaises(UserError):
            handover.groupbuy_record_arrival()
        with self.assertRaises(UserError):
            (transfer | handover).groupbuy_record_arrival()
        with self.assertRaises(UserError):
            transfer.browse(2**31 - 1).groupbuy_record_arrival()
        with self.assertRaises(UserError):
            transfer.browse().groupbuy_record_arrival()

    def test_losses_are_told_for_one_transfer_at_a_time(self):
        first, _orders = self._send([(self.ann, 2)])
        second, _orders = self._send([(self.ben, 2)])
        with self.assertRaises(UserError):
            (first | second).groupbuy_record_arrival([self._line(short=1)])

    def test_more_than_came_and_bad_input_are_refused(self):
        transfer, (order,) = self._send([(self.ann, 2)])
        svg = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
        line = self._line
        onion = self._create_product("Spring onions", 12)
        service = self._create_product("Ride", 12, type="service", is_storable=False)
        onions = {"substitute_product_id": onion.id}
        for lines in (
            [line(short=2, damaged=1)],
            [line(short=3)],
            [line(short=-1)],
            [line(short=float("nan"))],
            [line(short=float("inf"))],
            [line(short=1e300)],
            [line(short="1")],
            [line(short=True)],
            [line(short=[1])],
            [line(short=1), line(short=1)],
            [line(short=1, product=self.ginger)],
            [{"short": 1}],
            [{"product_id": str(self.leek.id), "short": 1}],
            [{"product_id": [], "short": 1}],
            [{"product_id": True, "short": 1}],
            [line(short=1, extra=1)],
            [line(short=1, note=5)],
            [line(short=1, note="x" * 501)],
            [line(short=1, photo="no picture")],
            [line(short=1, photo=5)],
            [line(short=1, photo=svg)],
            [line(short=1, photo="A" * (8 * 2**20))],
            [line(short=1, substitute_quantity=2, **onions)],
            [line(short=1, substitute_quantity=-1, **onions)],
            [line(short=1, substitute_quantity=1, substitute_product_id=2**40)],
            [line(short=1, substitute_quantity=1, substitute_product_id="x")],
            [line(short=1, substitute_quantity=1, substitute_product_id=self.leek.id)],
            [line(short=1, substitute_quantity=1, substitute_product_id=service.id)],
            "short",
            {"product_id": self.leek.id},
            [5],
        ):
            with self.subTest(str(lines)[:80]), self.assertRaises(UserError):
                transfer.groupbuy_record_arrival(lines)
        self.assertEqual(order.groupbuy_status, "shipped")
        transfer.groupbuy_record_arrival([line()])
        self.assertEqual(order.groupbuy_status, "ready")
        self.assertFalse(transfer.groupbuy_issue_ids)

    def test_residents_cannot_read_what_points_report(self):
        transfer, _orders = self._send([(self.ann, 2)])
        transfer.groupbuy_record_arrival([self._line(short=1)])
        with self.assertRaises(AccessError):
            transfer.groupbuy_issue_ids.with_user(self.ann).read(["note"])
        with self.assertRaises(AccessError):
            self.env["groupbuy.arrival.issue"].with_user(self.operator).create(
                {
                    "picking_id": transfer.id,
                    "product_id": self.leek.id,
                    "kind": "short",
                    "quantity": 1,
                    "line_ids": [Command.clear()],
                }
            )
