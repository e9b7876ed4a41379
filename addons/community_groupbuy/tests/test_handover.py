import base64
from io import BytesIO
from unittest.mock import patch

from PIL import Image

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.community_groupbuy.models import sale_order_pickup

from .handover_common import HandoverCommon


def picture():
    """:return: a small PNG, base64"""
    content = BytesIO()
    Image.new("RGB", (40, 20), "white").save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


@tagged("post_install", "-at_install")
class TestPickupCode(HandoverCommon):
    def setUp(self):
        super().setUp()
        self.orders = self._buy_at(
            (self.ann, {self.leek: 2}, self.point),
            (self.ben, {self.leek: 3}, self.point),
            (self.cem, {self.leek: 1}, self.west),
        )

    def _draw(self, *numbers):
        """Let chance give these numbers."""
        return patch.object(
            sale_order_pickup.secrets, "randbelow", side_effect=list(numbers)
        )

    def test_six_digits_also_small_ones(self):
        with self._draw(7, 123456, 7):
            self.orders._groupbuy_give_codes()
        self.assertEqual(
            self.orders.mapped("groupbuy_pickup_code"), ["000007", "123456", "000007"]
        )

    def test_a_point_gives_no_code_twice(self):
        with self._draw(5):
            self.orders[0]._groupbuy_give_codes()
        with self._draw(5, 6, 5):
            self.orders[1:]._groupbuy_give_codes()
        self.assertEqual(
            self.orders.mapped("groupbuy_pickup_code"), ["000005", "000006", "000005"]
        )

    def test_who_has_a_code_keeps_it(self):
        self.orders._groupbuy_give_codes()
        codes = self.orders.mapped("groupbuy_pickup_code")
        ready = self.orders.mapped("groupbuy_ready_at")
        with self._later(hours=1):
            self.orders._groupbuy_give_codes()
        self.assertEqual(self.orders.mapped("groupbuy_pickup_code"), codes)
        self.assertEqual(self.orders.mapped("groupbuy_ready_at"), ready)

    def test_codes_given_by_others_meanwhile_are_drawn_again(self):
        """What another transaction has just written shows up as a duplicate key."""
        with self._draw(5):
            self.orders[0]._groupbuy_give_codes()
        draws = iter([{self.orders[1]: "000005"}, {self.orders[1]: "000006"}])
        self.patch(
            self.env.registry["sale.order"],
            "_groupbuy_draw_codes",
            lambda _orders: next(draws),
        )
        with mute_logger("odoo.sql_db"):
            self.orders[1]._groupbuy_give_codes()
        self.assertEqual(self.orders[1].groupbuy_pickup_code, "000006")

    def test_a_code_rests_after_it_was_used(self):
        with self._draw(5):
            self.orders[0]._groupbuy_give_codes()
        self.orders[0].groupbuy_received_at = fields.Datetime.now()
        with self._draw(5, 6):
            self.orders[1]._groupbuy_give_codes()
        self.assertEqual(self.orders[1].groupbuy_pickup_code, "000006")
        self.orders[1].groupbuy_pickup_code = False
        with self._later(hours=25), self._draw(5):
            self.orders[1]._groupbuy_give_codes()
        self.assertEqual(self.orders[1].groupbuy_pickup_code, "000005")

    def test_qr_code_is_signed(self):
        order = self.orders[0]
        token = order._groupbuy_get_qr_token()
        find = self.env["sale.order"]._groupbuy_find_by_token
        self.assertEqual(find(token), order)
        self.assertEqual(find(f"https://shop.example/my/handover?code={token}"), order)
        other = token.replace(str(order.id), str(self.orders[1].id), 1)
        for text in (other, token[:-1], token + "0", "", "code=", "0-" + "0" * 24):
            self.assertFalse(find(text), text)


@tagged("post_install", "-at_install")
class TestHandover(HandoverCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env,
            login="gb_operator",
            groups="community_groupbuy.group_operator",
            email="operator@example.com",
        )

    def setUp(self):
        super().setUp()
        self.orders = self._buy_at(
            (self.ann, {self.leek: 2, self.ginger: 1}, self.point),
            (self.ben, {self.leek: 3}, self.point),
            (self.cem, {self.leek: 4}, self.west),
        )
        self.order, self.second, self.foreign = self.orders
        self.desk = self.point.with_user(self.operator)

    def _hand_over(self, *codes, **kwargs):
        return self.desk.hand_over(list(codes), **kwargs)

    def _give_code(self, order, code):
        """Let nobody else have this code."""
        (self.orders - order).filtered(
            lambda other: other.groupbuy_pickup_code == code
        ).groupbuy_pickup_code = "000000"
        order.groupbuy_pickup_code = code

    def _reasons(self, results):
        return [result["reason"] or result["state"] for result in results]

    # === WHO === #

    def test_only_who_runs_the_point(self):
        self._arrive(self.orders)
        code = self.order.groupbuy_pickup_code
        self._hand_over(self.second.id)
        handover = self.second.groupbuy_handover_ids
        for user in (self.ann, self.env.ref("base.public_user")):
            point = self.point.with_user(user)
            for call in (
                lambda point=point: point.find_handover(code),
                lambda point=point: point.hand_over([code]),
                lambda point=point: point.get_handover_orders(),
                lambda point=point: point.get_recent_handovers(),
                handover.with_user(user).undo,
            ):
                with self.assertRaises(AccessError):
                    call()
        self.assertEqual(self.order.groupbuy_status, "ready")
        self.assertEqual(self.second.groupbuy_status, "received")

    def test_an_operator_of_another_company_runs_it_not(self):
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            login="gb_stranger",
            groups="community_groupbuy.group_operator",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        with self.assertRaises(AccessError):
            self.point.with_user(stranger).find_handover("000001")

    def test_who_is_let_run_a_point_needs_no_other_right(self):
        """As the leaders' addon does it."""
        self._arrive(self.orders)
        self.patch(
            self.env.registry["groupbuy.pickup.point"],
            "_can_be_run_by",
            lambda point, user: point == self.point and user == self.eva,
        )
        desk = self.point.with_user(self.eva)
        self.assertEqual(desk.get_handover_orders()["total"], 2)
        [result] = desk.hand_over([self.order.groupbuy_pickup_code])
        self.assertEqual(result["state"], "done")
        handover = self.order.groupbuy_handover_ids
        self.assertEqual(handover.user_id, self.eva)
        handover.with_user(self.eva).undo()
        self.assertEqual(handover.undone_by_id, self.eva)
        with self.assertRaises(AccessError):
            self.west.with_user(self.eva).hand_over([self.foreign.id])

    # === FIND === #

    def test_found_by_whatever_is_shown(self):
        self._arrive(self.orders)
        token = self.order._groupbuy_get_qr_token()
        for code in (
            self.order.groupbuy_pickup_code,
            f" {self.order.groupbuy_pickup_code} ",
            token,
            f"http://localhost/my/handover?code={token}",
            self.order.name,
            self.order.id,
        ):
            found = self.desk.find_handover(code)
            self.assertEqual(found["state"], "ready", code)
            self.assertEqual(found["order_id"], self.order.id)
        self.assertEqual(
            sorted((line["name"], line["quantity"]) for line in found["lines"]),
            [("Ginger", 1), ("Leeks", 2)],
        )
        self.assertEqual(found["partner"], self.ann.partner_id.name)
        self.assertEqual(found["phone"], "…0000", "enough to ask for, no more")

    def test_refused_before_arrival(self):
        found = self.desk.find_handover(self.order.id)
        self.assertEqual(found["reason"], "not_arrived")
        self.assertEqual(self._reasons(self._hand_over(self.order.id)), ["not_arrived"])
        self._dispatch(self.orders)
        self.assertEqual(self._reasons(self._hand_over(self.order.id)), ["not_arrived"])
        self.assertFalse(self.order.groupbuy_received_at)

    def test_refused_at_another_point(self):
        self._arrive(self.orders)
        self._give_code(self.foreign, "999999")
        for code in (
            self.foreign.id,
            "999999",
            self.foreign._groupbuy_get_qr_token(),
        ):
            found = self.desk.find_handover(code)
            self.assertEqual(found["reason"], "wrong_point")
            self.assertFalse(found["order_id"])
            self.assertNotIn("partner", found)
            [result] = self._hand_over(code)
            self.assertEqual(result["reason"], "wrong_point")
            self.assertFalse(result["partner"])
        self.assertIn("West Gate", result["message"], "the QR code says where to go")
        self.assertEqual(self.foreign.groupbuy_status, "ready")

    def test_refused_without_such_an_order(self):
        self._arrive(self.orders)
        for code in ("S99999999", "nonsense", "1-" + "0" * 24, 2**40, 2**31 - 1):
            self.assertEqual(self.desk.find_handover(code)["reason"], "unknown")
            self.assertEqual(self._reasons(self._hand_over(code)), ["unknown"])

    def test_refused_while_money_goes_back(self):
        self._arrive(self.orders)
        payment = self.order._groupbuy_get_payments()
        payment.action_refund(10.0)
        self.assertEqual(self._reasons(self._hand_over(self.order.id)), ["refund"])
        self.assertEqual(self.order.groupbuy_status, "ready")

    def test_the_refund_of_the_closing_is_no_reason_to_refuse(self):
        orders = self._buy_at(
            (self.ann, {self.leek: 15}, self.point),
            (self.ben, {self.leek: 10}, self.point),
            campaign=self._create_campaign(self._example()),
        )
        self.assertTrue(self._get_refunds(orders[0]))
        self._arrive(orders)
        self.assertEqual(self._reasons(self._hand_over(*orders.ids)), ["done", "done"])

    def test_refused_when_everything_was_taken_off(self):
        self._arrive(self.orders)
        self.second.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "handover"
        ).action_cancel()
        self.second._groupbuy_take_off({self.second.order_line[0]: 3}, "Rotten")
        self.assertEqual(self._reasons(self._hand_over(self.second.id)), ["cancelled"])

    def test_a_waiting_order_is_not_handed_over(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.dot, 1)
        self.assertEqual(self._reasons(self._hand_over(order.id)), ["not_arrived"])

    def test_refused_when_the_books_lack_goods(self):
        self._arrive(self.orders)
        location = self.point.location_id
        self.order.picking_ids.move_ids._do_unreserve()
        self.env["stock.quant"]._update_available_quantity(self.ginger, location, -1)
        results = self._hand_over(self.order.id, self.second.id)
        self.assertEqual(self._reasons(results), ["missing", "done"])
        self.assertIn("Ginger", results[0]["message"])
        self.assertEqual(self.order.groupbuy_status, "ready")

    # === HAND OVER === #

    def test_goods_are_the_residents(self):
        self._arrive(self.orders)
        location = self.point.location_id
        self.assertEqual(self._get_quantity(self.leek, location), 5)
        [result] = self._hand_over(self.order.groupbuy_pickup_code)
        self.assertEqual(result["state"], "done")
        self.assertEqual(result["name"], self.order.name)
        self.assertTrue(590 <= result["undo_seconds"] <= 600)
        self.assertEqual(self.order.groupbuy_status, "received")
        self.assertTrue(self.order.groupbuy_received_at)
        self.assertEqual(self.order.order_line.mapped("qty_delivered"), [2, 1])
        self.assertEqual(self._get_quantity(self.leek, location), 3)
        self.assertEqual(self._get_quantity(self.ginger, location), 0)
        handover = self.order.groupbuy_handover_ids
        self.assertEqual(handover.method, "code")
        self.assertEqual(handover.user_id, self.operator)
        self.assertEqual(handover.point_id, self.point)
        self.assertEqual(handover.picking_ids.mapped("state"), ["done"])

    def test_many_at_once_each_with_its_own_answer(self):
        self._arrive(self.orders)
        results = self._hand_over(
            self.order.id,
            self.foreign.id,
            self.second._groupbuy_get_qr_token(),
            "nonsense",
            self.order.groupbuy_pickup_code,
        )
        self.assertEqual(
            self._reasons(results), ["done", "wrong_point", "done", "unknown"]
        )
        self.assertEqual(
            [result["code"] for result in results],
            [
                self.order.id,
                self.foreign.id,
                self.second._groupbuy_get_qr_token(),
                "nonsense",
            ],
        )
        self.assertEqual(
            self.orders.mapped("groupbuy_handover_ids.method"), ["list", "qr"]
        )
        self.assertEqual(self.foreign.groupbuy_status, "ready")

    def test_twice_is_once(self):
        self._arrive(self.orders)
        first = self._hand_over(self.order.id)
        second = self._hand_over(self.order.groupbuy_pickup_code)
        self.assertEqual(self._reasons(second), ["collected"])
        self.assertEqual(second[0]["handover_id"], first[0]["handover_id"])
        self.assertEqual(len(self.order.groupbuy_handover_ids), 1)
        self.assertEqual(self.order.order_line.mapped("qty_delivered"), [2, 1])

    def test_who_is_locked_is_busy(self):
        self._arrive(self.orders)
        self.patch(
            self.env.registry["sale.order"],
            "try_lock_for_update",
            lambda orders, **_kwargs: orders - self.order,
        )
        results = self._hand_over(self.order.id, self.second.id)
        self.assertEqual(self._reasons(results), ["busy", "done"])
        self.assertFalse(self.order.groupbuy_received_at)

    def test_one_that_cannot_be_booked_stops_no_other(self):
        self._arrive(self.orders)
        book = type(self.env["stock.picking"])._action_done

        def fail(pickings):
            if self.order in pickings.sale_id:
                raise UserError(pickings.env._("Lots are missing."))
            return book(pickings)

        self.patch(self.env.registry["stock.picking"], "_action_done", fail)
        results = self._hand_over(self.order.id, self.second.id)
        self.assertEqual(self._reasons(results), ["missing", "done"])
        self.assertEqual(results[0]["message"], "Lots are missing.")
        self.assertEqual(self.order.groupbuy_status, "ready")
        self.assertFalse(self.order.groupbuy_handover_ids)

    def test_signature_is_kept(self):
        self._arrive(self.orders)
        self._hand_over(
            self.order.id, signature=f"data:image/png;base64,{picture()}", method="code"
        )
        handover = self.order.groupbuy_handover_ids
        self.assertTrue(base64.b64decode(handover.signature).startswith(b"\x89PNG"))
        self.assertEqual(handover.method, "code")

    def test_bad_input_is_refused_in_words(self):
        self._arrive(self.orders)
        for codes in (None, [], {}, "123456", [None], [""], [-1], [0], [True], [1.5]):
            with self.assertRaises(UserError):
                self.desk.hand_over(codes)
        with self.assertRaises(UserError):
            self.desk.hand_over(["x"] * 501)
        for signature in ("x", 5, "aGVsbG8=", "A" * 600_000):
            with self.assertRaises(UserError):
                self._hand_over(self.order.id, signature=signature)
        with self.assertRaises(UserError):
            self._hand_over(self.order.id, method="guess")
        for code in (None, "", "  ", [], {}, -1, 0, True, 1.5):
            with self.assertRaises(UserError):
                self.desk.find_handover(code)
        for arguments in ((5,), ("", -1), ("", 0, 10_000), ("", "0")):
            with self.assertRaises(UserError):
                self.desk.get_handover_orders(*arguments)
        nothing = self.env["groupbuy.pickup.point"].with_user(self.operator)
        for points in (nothing, nothing.browse(2**31 - 1), self.desk + self.west):
            with self.assertRaises(UserError):
                points.hand_over([self.order.id])
        self.assertEqual(self.order.groupbuy_status, "ready")

    def test_validated_in_inventory_is_received_too(self):
        self._arrive(self.orders)
        picking = self.second.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "handover"
        )
        picking.button_validate()
        self.assertEqual(picking.state, "done")
        self.assertEqual(self.second.groupbuy_status, "received")
        self.assertEqual(self._reasons(self._hand_over(self.second.id)), ["collected"])

    def test_received_with_the_last_of_the_goods(self):
        self._arrive(self.orders)
        picking = self.order.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "handover"
        )
        ginger = picking.move_ids.filtered(lambda m: m.product_id == self.ginger)
        later = picking.copy(
            {"move_ids": False, "groupbuy_kind": "handover", "groupbuy_stage": "way"}
        )
        later.pickup_point_id = self.point
        ginger._do_unreserve()
        ginger.picking_id = later
        self.assertEqual(self._reasons(self._hand_over(self.order.id)), ["done"])
        self.assertEqual(self.order.groupbuy_status, "shipped")
        self.assertEqual(self._reasons(self._hand_over(self.order.id)), ["not_arrived"])
        later.groupbuy_stage = "point"
        self.assertEqual(self.order.groupbuy_status, "ready")
        self.assertEqual(self._reasons(self._hand_over(self.order.id)), ["done"])
        self.assertEqual(self.order.groupbuy_status, "received")
        self.assertEqual(len(self.order.groupbuy_handover_ids), 2)

    # === LIST === #

    def test_list_of_who_waits(self):
        self.assertEqual(self.desk.get_handover_orders(), {"total": 0, "orders": []})
        self._arrive(self.orders)
        self.ben.partner_id.write({"name": "Benno", "phone": "+86 138 1234 5678"})
        answer = self.desk.get_handover_orders()
        self.assertEqual(answer["total"], 2)
        self.assertEqual(
            [order["order_id"] for order in answer["orders"]],
            (self.order + self.second).ids,
        )
        for search in ("benn", self.second.name, "5678"):
            found = self.desk.get_handover_orders(search)
            self.assertEqual([o["order_id"] for o in found["orders"]], self.second.ids)
        self.assertEqual(self.desk.get_handover_orders("%")["total"], 0)
        page = self.desk.get_handover_orders(offset=1, limit=1)
        self.assertEqual((page["total"], len(page["orders"])), (2, 1))
        self._hand_over(self.order.id)
        self.assertEqual(self.desk.get_handover_orders()["total"], 1)

    # === UNDO === #

    def test_undo_brings_everything_back(self):
        self._arrive(self.orders)
        code = self.order.groupbuy_pickup_code
        [result] = self._hand_over(code)
        handover = self.order.groupbuy_handover_ids
        recent = self.desk.get_recent_handovers()
        self.assertEqual([one["handover_id"] for one in recent], handover.ids)
        with self._later(minutes=9):
            handover.with_user(self.operator).undo()
        self.assertEqual(self.order.groupbuy_status, "ready")
        self.assertFalse(self.order.groupbuy_received_at)
        self.assertEqual(self.order.groupbuy_pickup_code, code)
        self.assertEqual(self.order.order_line.mapped("qty_delivered"), [0, 0])
        self.assertEqual(self._get_quantity(self.leek, self.point.location_id), 5)
        self.assertEqual(handover.return_picking_id.groupbuy_kind, "takeback")
        self.assertEqual(handover.return_picking_id.state, "done")
        self.assertFalse(self.desk.get_recent_handovers())
        self.assertEqual(self.desk.find_handover(code)["pieces"], 3)
        self.assertEqual(self._reasons(self._hand_over(code)), ["done"])
        self.assertEqual(self.order.order_line.mapped("qty_delivered"), [2, 1])
        self.assertEqual(self._get_quantity(self.leek, self.point.location_id), 3)
        self.assertEqual(self.order.invoice_status, "invoiced")
        self.assertMoney(self.order, 38, 0)

    def test_undo_in_time_only(self):
        self._arrive(self.orders)
        self._hand_over(self.order.id)
        handover = self.order.groupbuy_handover_ids.with_user(self.operator)
        with self._later(minutes=11):
            handover.invalidate_recordset()
            self.assertFalse(self.desk.get_recent_handovers())
            [again] = self._hand_over(self.order.id)
            self.assertFalse(again["handover_id"])
            with self.assertRaisesRegex(UserError, "10 minutes"):
                handover.undo()
        self.assertEqual(self.order.groupbuy_status, "received")

    def test_undo_once(self):
        self._arrive(self.orders)
        self._hand_over(self.order.id)
        handover = self.order.groupbuy_handover_ids.with_user(self.operator)
        handover.undo()
        with self.assertRaisesRegex(UserError, "already"):
            handover.undo()
        nothing = handover.browse()
        for handovers in (nothing, nothing.browse(2**31 - 1)):
            with self.assertRaisesRegex(UserError, "no such"):
                handovers.undo()
        self.assertEqual(self._get_quantity(self.leek, self.point.location_id), 5)

    def test_no_undo_of_what_is_complained_about(self):
        self._arrive(self.orders)
        self._hand_over(self.order.id)
        self.order.with_user(self.ann).groupbuy_submit_claim(
            [
                {
                    "line_id": self.order.order_line[0].id,
                    "quantity": 1,
                    "reason_id": self.env["groupbuy.claim.reason"]
                    .search([], limit=1)
                    .id,
                }
            ]
        )
        handover = self.order.groupbuy_handover_ids.with_user(self.operator)
        with self.assertRaisesRegex(UserError, "after-sales request about"):
            handover.undo()
        self.assertEqual(self.order.groupbuy_status, "received")

    def test_undo_many_with_lots(self):
        """Lots come back as they were given."""
        honey = self._create_product("Honey", 30, tracking="lot")
        lot = self.env["stock.lot"].create({"name": "H1", "product_id": honey.id})
        self.env["stock.quant"]._update_available_quantity(
            honey, self.warehouse.lot_stock_id, 10, lot_id=lot
        )
        orders = self._buy_at(
            (self.ann, 2, self.point),
            (self.ben, 3, self.point),
            campaign=self._create_campaign(self._offer(honey, 25)),
        )
        self._arrive(orders)
        self.assertEqual(self._reasons(self._hand_over(*orders.ids)), ["done", "done"])
        orders.groupbuy_handover_ids.undo()
        self.assertEqual(orders.mapped("groupbuy_status"), ["ready", "ready"])
        quants = self.env["stock.quant"].search(
            [("product_id", "=", honey.id), ("location_id.usage", "=", "internal")]
        )
        at_point = quants.filtered(lambda q: q.location_id == self.point.location_id)
        self.assertEqual(sum(at_point.mapped("quantity")), 5)
        self.assertEqual(at_point.lot_id, lot)
        self.assertEqual(self._reasons(self._hand_over(*orders.ids)), ["done", "done"])
