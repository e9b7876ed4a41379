import base64
import struct
import zlib
from io import BytesIO

from PIL import Image

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .handover_common import HandoverCommon


def photo(kind="JPEG", size=(40, 20), **options):
    """:return: (file name, base64) of a picture"""
    content = BytesIO()
    Image.new("RGB", size, "green").save(content, kind, **options)
    return [f"leeks.{kind.lower()}", base64.b64encode(content.getvalue()).decode()]


def bomb():
    """:return: (file name, base64) of a few bytes that say they are 400 megapixels"""
    _name, text = photo("PNG")
    content = base64.b64decode(text)
    head = b"IHDR" + struct.pack(">II", 20_000, 20_000) + content[24:29]
    head += struct.pack(">I", zlib.crc32(head))
    return ["b.png", base64.b64encode(content[:12] + head + content[33:]).decode()]


class ClaimCommon(HandoverCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env, "gb_operator", groups="community_groupbuy.group_operator"
        )
        cls.damaged = cls.env.ref("community_groupbuy.claim_reason_damaged")
        cls.unwanted = cls.env.ref("community_groupbuy.claim_reason_unwanted")

    def _receive(self, quantities=None, user=None):
        """:return: an order that its resident has collected"""
        user = user or self.ann
        quantities = quantities or {self.leek: 5, self.ginger: 2}
        campaign = self._create_campaign(self._example(), self._offer(self.ginger, 20))
        orders = self._buy_at((user, quantities, self.point), campaign=campaign)
        self._hand_over(orders)
        return orders

    def _hand_over(self, orders):
        self._arrive(orders)
        results = self.point.with_user(self.operator).hand_over(orders.ids)
        self.assertEqual({result["state"] for result in results}, {"done"})
        self.assertEqual(set(orders.mapped("groupbuy_status")), {"received"})

    def _get_line(self, order, product):
        return order.order_line.filtered(lambda line: line.product_id == product)

    def _wish(self, order, product, quantity, reason=None, **vals):
        return {
            "line_id": self._get_line(order, product).id,
            "quantity": quantity,
            "reason_id": (reason or self.damaged).id,
            "wish": "refund",
            **vals,
        }

    def _claim(self, order, product, quantity, user=None, **kwargs):
        wish = self._wish(order, product, quantity, **kwargs)
        return self._submit(order, wish, user=user)

    def _submit(self, order, *wishes, user=None):
        user = user or self.ann
        answer = order.with_user(user).groupbuy_submit_claim(list(wishes))
        return self.env["groupbuy.claim"].browse(answer["claim_id"])

    def _decide(self, claim, **vals):
        """Decide about all lines of a request in its form."""
        for line in claim.line_ids:
            with Form(claim.with_user(self.operator)) as form:
                with form.line_ids.edit(claim.line_ids.ids.index(line.id)) as edited:
                    for name, value in vals.items():
                        setattr(edited, name, value)
        claim.with_user(self.operator).action_decide()

    def assertWhole(self, product):
        """Every piece is in the warehouse, at a point, with a resident or scrapped."""
        quants = self.env["stock.quant"].search([("product_id", "=", product.id)])
        by_usage = {}
        for quant in quants:
            usage = quant.location_id.usage
            by_usage[usage] = by_usage.get(usage, 0) + quant.quantity
        scraps = self.env["stock.scrap"].search(
            [("product_id", "=", product.id), ("state", "=", "done")]
        )
        scrapped = sum(scraps.mapped("scrap_qty"))
        self.assertEqual(
            by_usage.get("internal", 0) + by_usage.get("customer", 0) + scrapped,
            1000,
        )


@tagged("post_install", "-at_install")
class TestClaim(ClaimCommon):
    def setUp(self):
        super().setUp()
        self.order = self._receive()

    # === SUBMIT === #

    def test_resident_asks_and_is_listed(self):
        claim = self._claim(
            self.order, self.leek, 2, note=" Wilted ", photos=[photo(), photo("PNG")]
        )
        self.assertEqual(claim.state, "submitted")
        self.assertEqual(claim.partner_id, self.ann.partner_id)
        self.assertIn(self.ann.partner_id, claim.message_partner_ids)
        line = claim.line_ids
        self.assertEqual((line.product_id, line.note), (self.leek, "Wilted"))
        self.assertEqual(line.photo_ids.mapped("mimetype"), ["image/jpeg"] * 2)
        self.assertEqual(line.photo_ids[0].name, "leeks.jpg")
        own = claim.with_user(self.ann)
        self.assertEqual(own.line_ids.photo_ids.with_user(self.ann).mapped("name"),
                         ["leeks.jpg"] * 2)  # fmt: skip
        with self.assertRaises(AccessError):
            claim.with_user(self.ben).read(["name"])
        with self.assertRaises(AccessError):
            line.photo_ids.with_user(self.ben).read(["datas"])
        with self.assertRaises(AccessError):
            own.line_ids.decision = "refund"

    def test_photos_keep_nothing_but_the_picture(self):
        exif = Image.Exif()
        exif[0x010E] = "Home address"
        claim = self._claim(
            self.order, self.leek, 1, photos=[photo(size=(4000, 2000), exif=exif)]
        )
        image = Image.open(BytesIO(claim.line_ids.photo_ids.raw))
        self.assertEqual(image.size, (1600, 800))
        self.assertFalse(dict(image.getexif()))

    def test_photos_that_are_none_are_refused(self):
        html = base64.b64encode(b"<html><script>alert(1)</script></html>").decode()
        svg = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
        huge = "A" * (8 * 1024 * 1024)
        for photos in (
            [["a.jpg", html]], [["a.svg", svg]], [["a.jpg", huge]], [["a.jpg", ""]],
            [["a.jpg", "%%%"]], [["a.jpg"]], ["a.jpg"], "a.jpg",
            [photo()] * 6, [[1, 2]], {"a": 1},
        ):  # fmt: skip
            with self.subTest(photos=str(photos)[:40]), self.assertRaises(UserError):
                self._claim(self.order, self.leek, 1, photos=photos)
        self.assertFalse(self.order.groupbuy_claim_ids)

    def test_pictures_that_would_fill_the_memory_are_refused(self):
        for photos in ([bomb()], [photo("GIF"), bomb()]):
            with self.assertRaisesRegex(UserError, "must be a JPEG"):
                self._claim(self.order, self.leek, 1, photos=photos)

    def test_nonsense_is_refused(self):
        order = self.order
        foreign = self._receive({self.leek: 1}, user=self.ben)
        inactive = self.damaged.copy({"active": False})
        good = self._wish(order, self.leek, 1)
        for lines in (
            None, [], {}, "x", [None], [[]], [{}],
            [{**good, "line_id": "1"}], [{**good, "line_id": True}],
            [{**good, "line_id": -1}], [{**good, "line_id": 2**40}],
            [{**good, "line_id": foreign.order_line[:1].id}],
            [{**good, "reason_id": 0}], [{**good, "reason_id": inactive.id}],
            [{**good, "quantity": 0}], [{**good, "quantity": -1}],
            [{**good, "quantity": 6}], [{**good, "quantity": "1"}],
            [{**good, "quantity": True}], [{**good, "quantity": float("nan")}],
            [{**good, "quantity": float("inf")}], [{**good, "quantity": 10**30}],
            [{**good, "wish": "gold"}], [{**good, "wish": []}],
            [{**good, "note": 7}], [{**good, "note": "x" * 3000}],
            [{**good, "quantity": 3}] * 2, [good] * 51,
        ):  # fmt: skip
            with self.subTest(lines=lines), self.assertRaises(UserError):
                order.with_user(self.ann).groupbuy_submit_claim(lines)
        self.assertFalse(order.groupbuy_claim_ids)

    def test_only_ones_own_orders(self):
        for user in (self.ben, self.env.ref("base.public_user")):
            with self.assertRaises(AccessError):
                self._claim(self.order, self.leek, 1, user=user)
        with self.assertRaises(AccessError):
            self.env["sale.order"].with_user(self.ann).groupbuy_submit_claim([])
        claim = self._claim(self.order, self.leek, 1)
        with self.assertRaises(AccessError):
            claim.with_user(self.ben).action_withdraw()
        for method in (
            "action_decide", "action_start", "action_receive_goods",
            "action_give_up_goods", "action_ask_others",
        ):  # fmt: skip
            with self.assertRaises(AccessError):
                getattr(claim.with_user(self.ann), method)()

    def test_not_more_than_received_and_not_claimed_yet(self):
        self._claim(self.order, self.leek, 3)
        with self.assertRaises(UserError):
            self._claim(self.order, self.leek, 3)
        second = self._claim(self.order, self.leek, 2)
        with self.assertRaises(UserError):
            self._claim(self.order, self.leek, 1)
        second.with_user(self.ann).action_withdraw()
        self.assertEqual(second.state, "cancelled")
        self._claim(self.order, self.leek, 2)
        with self.assertRaises(UserError):
            second.with_user(self.ann).action_withdraw()

    def test_nothing_before_anything_was_handed_over(self):
        waiting = self._buy_at((self.ben, {self.leek: 2}, self.point))
        with self.assertRaises(UserError):
            self._claim(waiting, self.leek, 1, user=self.ben)
        self.assertFalse(waiting._groupbuy_is_claimable())

    def test_window(self):
        self.assertTrue(self.order._groupbuy_is_claimable())
        with self._later(days=6, hours=23):
            self._claim(self.order, self.leek, 1)
        with self._later(days=7, minutes=1):
            self.assertFalse(self.order._groupbuy_is_claimable())
            with self.assertRaises(UserError):
                self._claim(self.order, self.leek, 1)
            # Whoever calls the operators may be heard.
            self._submit(
                self.order, self._wish(self.order, self.leek, 1), user=self.operator
            )

    def test_no_change_of_mind_before_everything_was_received(self):
        self.order.groupbuy_received_at = False
        with self.assertRaises(UserError):
            self._claim(self.order, self.leek, 1, reason=self.unwanted)
        self._claim(self.order, self.leek, 1, reason=self.damaged)

    # === DECIDE === #

    def test_refund_without_goods(self):
        claim = self._claim(self.order, self.leek, 2)
        claim.with_user(self.operator).action_start()
        self.assertEqual(claim.state, "in_progress")
        self._decide(claim, decision="refund")
        self.assertEqual(claim.state, "done")
        self.assertEqual(claim.refund_amount, 20)
        self.assertEqual(claim.credit_note_ids.amount_total, 20)
        self._run_jobs()
        self.assertMoney(self.order, 90, 20, 70)
        self.assertSettled(self.order)
        self.assertEqual(claim._get_refunds().mapped("state"), ["done"])
        self.assertEqual(
            claim._get_refunds().source_transaction_id, self.order.transaction_ids
        )
        self.assertEqual(self._get_line(self.order, self.leek).qty_delivered, 3)
        self.assertEqual(self.order.groupbuy_status, "received")
        self.assertEqual(self._get_quantity(self.leek, self.point.location_id), 0)
        self.assertWhole(self.leek)
        message = claim.message_ids[:1]
        self.assertIn("20.00", message.body)
        self.assertIn(self.ann.partner_id, message.notified_partner_ids)

    def test_refund_of_everything(self):
        claim = self._submit(
            self.order,
            self._wish(self.order, self.leek, 5),
            self._wish(self.order, self.ginger, 2),
        )
        self._decide(claim, decision="refund")
        self.assertEqual(claim.line_ids.mapped("refund_amount"), [50, 40])
        self.assertEqual(len(claim.credit_note_ids), 1)
        self.assertSettled(self.order)
        self.assertMoney(self.order, 90, 90, 0)
        self.assertEqual(self.order.groupbuy_status, "refunded")
        self.assertFalse(self.order._groupbuy_is_claimable())

    def test_refund_of_fewer_pieces(self):
        claim = self._claim(self.order, self.leek, 4)
        self._decide(claim, decision="refund", refund_quantity=1)
        self.assertEqual(claim.refund_amount, 10)
        self.assertSettled(self.order)
        self.assertEqual(self.order.amount_total, 80)

    def test_refund_when_the_goods_are_back(self):
        claim = self._claim(
            self.order, self.ginger, 2, reason=self.unwanted, wish="return"
        )
        self._decide(claim, decision="return")
        self.assertEqual(claim.state, "waiting")
        self.assertEqual(claim.picking_ids.state, "assigned")
        self.assertEqual(claim.picking_ids.groupbuy_kind, "takeback")
        self.assertFalse(claim.credit_note_ids)
        self.assertIn("bring back", claim.message_ids[:1].body)
        with self.assertRaises(UserError):
            self._claim(self.order, self.ginger, 1)
        claim.with_user(self.operator).action_receive_goods()
        self.assertEqual(claim.state, "done")
        self.assertEqual(claim.refund_amount, 40)
        self.assertSettled(self.order)
        self.assertEqual(self.order.amount_total, 50)
        back = self.env["stock.picking"].search(
            [("groupbuy_kind", "=", "return"), ("origin", "=", claim.name)]
        )
        self.assertEqual(back.state, "assigned")
        self.assertEqual(self._get_quantity(self.ginger, self.point.location_id), 2)
        self.assertWhole(self.ginger)
        with self.assertRaises(UserError):
            claim.with_user(self.operator).action_receive_goods()

    def test_storekeeper_validates_part_of_what_comes_back(self):
        claim = self._claim(self.order, self.leek, 3, reason=self.unwanted)
        self._decide(claim, decision="return")
        first = claim.picking_ids
        first.move_ids.write({"quantity": 1, "picked": True})
        action = first.button_validate()
        Form.from_action(self.env, action).save().process()
        self.assertEqual(claim.state, "waiting")
        self.assertEqual(claim.refund_amount, 10)
        self.assertSettled(self.order)
        rest = claim.picking_ids - first
        self.assertEqual(rest.move_ids.product_uom_qty, 2)
        claim.with_user(self.operator).action_give_up_goods()
        self.assertEqual(claim.state, "done")
        self.assertEqual(claim.refund_amount, 10)
        self.assertSettled(self.order)
        self.assertEqual(self._get_line(self.order, self.leek).qty_delivered, 4)

    def test_goods_that_never_come_are_not_refunded(self):
        claim = self._claim(self.order, self.leek, 3)
        self._decide(claim, decision="return")
        claim.with_user(self.operator).action_give_up_goods()
        self.assertEqual(claim.state, "rejected")
        self.assertIn("did not come back", claim.message_ids[:1].body)
        self.assertFalse(claim.credit_note_ids)
        self.assertSettled(self.order)
        self.assertEqual(self.order.amount_total, 90)

    def test_withdrawn_while_waiting(self):
        claim = self._claim(self.order, self.leek, 3)
        self._decide(claim, decision="return")
        claim.with_user(self.ann).action_withdraw()
        self.assertEqual(claim.state, "cancelled")
        self.assertEqual(claim.picking_ids.state, "cancel")
        self._claim(self.order, self.leek, 5)
        with self.assertRaises(UserError):
            claim.with_user(self.operator).action_decide()

    def test_allowance(self):
        claim = self._claim(self.order, self.leek, 2)
        self._decide(claim, decision="allowance", allowance_amount=3.33)
        self.assertEqual((claim.state, claim.refund_amount), ("done", 3.33))
        self.assertSettled(self.order)
        self.assertEqual(self.order.amount_total, 86.67)
        self.assertEqual(self._get_line(self.order, self.leek).qty_delivered, 5)
        with self.assertRaises(UserError):
            self._claim(self.order, self.leek, 4)

    def test_rejection_needs_an_answer(self):
        claim = self._claim(self.order, self.leek, 2)
        with self.assertRaises(UserError):
            self._decide(claim, decision="rejected")
        self._decide(claim, decision="rejected", answer="They were fine when packed.")
        self.assertEqual(claim.state, "rejected")
        self.assertIn("fine when packed", claim.message_ids[:1].body)
        self.assertSettled(self.order)
        self.assertEqual(self.order.amount_total, 90)

    def test_decisions_that_lack_something_are_refused(self):
        claim = self._claim(self.order, self.leek, 2)
        with self.assertRaises(UserError):
            claim.with_user(self.operator).action_decide()
        for vals in (
            {"decision": "refund", "refund_quantity": 3},
            {"decision": "refund", "refund_quantity": 0},
            {"decision": "return", "refund_quantity": -1},
            {"decision": "allowance", "allowance_amount": 0},
            {"decision": "allowance", "allowance_amount": -5},
            {"decision": "allowance", "allowance_amount": 51},
        ):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                self._decide(claim, **vals)
        self.assertFalse(claim.credit_note_ids)
        self.assertEqual(self.order.amount_total, 90)

    def test_what_was_decided_stays(self):
        claim = self._claim(self.order, self.leek, 2)
        self._decide(claim, decision="refund")
        for vals in (
            {"decision": "rejected"}, {"refund_quantity": 1}, {"refund_amount": 1},
            {"decided_at": False}, {"settled_at": False},
        ):  # fmt: skip
            with self.assertRaises(UserError):
                claim.line_ids.with_user(self.operator).write(vals)
        with self.assertRaises(UserError):
            claim.line_ids.with_user(self.operator).unlink()
        with self.assertRaises(UserError):
            claim.with_user(self.operator).action_decide()

    def test_line_by_line(self):
        claim = self._submit(
            self.order,
            self._wish(self.order, self.leek, 1),
            self._wish(self.order, self.ginger, 1),
        )
        first, second = claim.line_ids
        first.with_user(self.operator).decision = "refund"
        claim.with_user(self.operator).action_decide()
        self.assertEqual(claim.state, "in_progress")
        self.assertEqual(claim.refund_amount, 10)
        second.with_user(self.operator).write(
            {"decision": "rejected", "answer": "It was fine."}
        )
        claim.with_user(self.operator).action_decide()
        self.assertEqual(claim.state, "done")
        self.assertSettled(self.order)

    def test_two_problems_of_the_same_goods(self):
        claim = self._submit(
            self.order,
            self._wish(self.order, self.leek, 2),
            self._wish(self.order, self.leek, 3, reason=self.unwanted),
        )
        self._decide(claim, decision="return")
        self.assertEqual(claim.picking_ids.move_ids.mapped("product_uom_qty"), [2, 3])
        claim.with_user(self.operator).action_receive_goods()
        self.assertEqual(claim.line_ids.mapped("refund_amount"), [20, 30])
        self.assertSettled(self.order)
        self.assertEqual(self.order.amount_total, 40)
        self.assertWhole(self.leek)

    def test_undoing_a_hand_over_is_refused_once_goods_came_back(self):
        self._decide(self._claim(self.order, self.leek, 1), decision="refund")
        with self.assertRaises(UserError):
            self.order.groupbuy_handover_ids.with_user(self.operator).undo()

    def test_operator_writes_down_a_call(self):
        form = Form(self.env["groupbuy.claim"].with_user(self.operator))
        form.order_id = self.order
        with form.line_ids.new() as line:
            line.sale_line_id = self._get_line(self.order, self.leek)
            line.quantity = 2
            line.reason_id = self.damaged
        claim = form.save()
        self.assertEqual(claim.partner_id, self.ann.partner_id)
        self._decide(claim, decision="refund")
        self.assertEqual(claim.refund_amount, 20)
        self.assertEqual(self.order.with_user(self.operator).groupbuy_claim_count, 1)

    def test_both_sides_write(self):
        claim = self._claim(self.order, self.leek, 2)
        question = claim.with_user(self.operator).message_post(
            body="Could you send a photo?",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertIn(self.ann.partner_id, question.notified_partner_ids)
        answer = claim.with_user(self.ann).message_post(
            body="Here it is.", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertEqual(answer.author_id, self.ann.partner_id)


@tagged("post_install", "-at_install")
class TestClaimCoupon(ClaimCommon):
    def test_share_of_a_coupon_is_kept_to_the_fen(self):
        self._create_coupon_program("TEN", discount=10, discount_mode="percent")
        campaign = self._create_campaign(
            self._offer(self.leek, 3.33), self._offer(self.ginger, 7.77)
        )
        order = self._buy(
            campaign, self.ann, {self.leek: 3, self.ginger: 3}, code="TEN"
        )
        self._close(campaign)
        self.assertEqual(order.amount_total, 29.97)
        self._hand_over(order)
        claim = self._submit(
            order, self._wish(order, self.leek, 1), self._wish(order, self.ginger, 1)
        )
        self._decide(claim, decision="refund")
        self.assertSettled(order)
        self.assertEqual(order.amount_total, 19.98)
        self.assertEqual(claim.refund_amount, 9.99)
        self.assertEqual(claim.line_ids.mapped("refund_amount"), [3, 6.99])


@tagged("post_install", "-at_install")
class TestSameProblem(ClaimCommon):
    def setUp(self):
        super().setUp()
        self.orders = self._buy_at(
            (self.ann, {self.leek: 5}, self.point),
            (self.ben, {self.leek: 3}, self.point),
            (self.cem, {self.leek: 2, self.ginger: 1}, self.point),
            (self.dot, {self.ginger: 1}, self.point),
        )
        self._hand_over(self.orders)
        self.ann_order, self.ben_order, self.cem_order, self.dot_order = self.orders
        self.claim = self._claim(self.ann_order, self.leek, 1)

    def _ask(self, claim=None):
        claim = claim or self.claim
        claim.with_user(self.operator).action_ask_others()
        return claim.ask_ids

    def test_other_buyers_are_asked_once(self):
        self._decide(self.claim, decision="refund")
        asks = self._ask()
        self.assertEqual(asks.order_id.sorted("id"), self.ben_order + self.cem_order)
        self._run_jobs()
        mails = self.env["mail.mail"].search([("model", "=", "groupbuy.claim.ask")])
        self.assertEqual(mails.recipient_ids, (self.ben + self.cem).partner_id, mails)
        self.assertIn(asks[0].access_url, "".join(mails.mapped("body_html")))
        with self.assertRaises(UserError):
            self._ask()

    def test_one_tap_makes_a_request(self):
        self._decide(self.claim, decision="refund")
        ask = self._ask().filtered(lambda ask: ask.partner_id == self.ben.partner_id)
        model = self.env["sale.order"]
        answer = model.with_user(self.ben).groupbuy_answer_ask(ask.id)
        claim = self.env["groupbuy.claim"].browse(answer["claim_id"])
        self.assertEqual(claim.origin_claim_id, self.claim)
        self.assertEqual(claim.order_id, self.ben_order)
        self.assertEqual(claim.line_ids.quantity, 3)
        self.assertEqual(claim.line_ids.reason_id, self.damaged)
        again = model.with_user(self.ben).groupbuy_answer_ask(ask.id)
        self.assertEqual(again, answer)
        self.assertEqual((self.claim.ask_yes_count, self.claim.ask_count), (1, 2))
        self._decide(claim, decision="refund")
        self.assertSettled(self.ben_order)
        self.assertEqual(self.ben_order.groupbuy_status, "refunded")
        # One level only.
        with self.assertRaises(UserError):
            self._ask(claim)

    def test_only_who_was_asked_answers(self):
        self._decide(self.claim, decision="refund")
        ask = self._ask().filtered(lambda ask: ask.partner_id == self.ben.partner_id)
        model = self.env["sale.order"]
        for user, ask_id in (
            (self.cem, ask.id), (self.ben, 0), (self.ben, -1), (self.ben, "1"),
            (self.ben, True), (self.ben, 2**40), (self.ben, None),
        ):  # fmt: skip
            with self.assertRaises(UserError):
                model.with_user(user).groupbuy_answer_ask(ask_id)
        with self._later(days=8), self.assertRaises(UserError):
            model.with_user(self.ben).groupbuy_answer_ask(ask.id)

    def test_only_accepted_defects(self):
        with self.assertRaises(UserError):
            self._ask()
        self._decide(self.claim, decision="rejected", answer="No.")
        with self.assertRaises(UserError):
            self._ask()
        unwanted = self._claim(self.ann_order, self.leek, 1, reason=self.unwanted)
        self._decide(unwanted, decision="refund")
        with self.assertRaises(UserError):
            self._ask(unwanted)
        self.assertFalse((self.claim + unwanted).ask_ids)
