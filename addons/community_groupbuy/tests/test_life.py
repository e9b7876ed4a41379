import logging
import os

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .fulfilment_common import FulfilmentCommon

_logger = logging.getLogger(__name__)

# Far more than anybody can order: what a run is short of is decided at the point.
STOCK = 1000

# What residents do before the campaign closes.
JOINS = st.lists(
    st.tuples(
        st.integers(0, 5),  # resident
        st.integers(0, 1),  # pickup point
        st.integers(0, 12),  # leeks
        st.integers(0, 6),  # ginger
        st.sampled_from(["pay", "pay", "pay", "pay", "cancel", "leave"]),
    ).filter(lambda join: join[2] + join[3]),
    min_size=3,
    max_size=8,
)
# Whose order is moved to the other point before the goods leave.
MOVES = st.lists(st.integers(0, 7), max_size=3)
# What goes wrong on the way: parts of what came that are short, or damaged.
LOSSES = st.tuples(*[st.sampled_from([0, 0, 0.2, 0.5, 1])] * 4)
# What happens at the points, to which order.
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(
            [*["hand_over"] * 4, "undo", "return", "refund", "take_back", "allow"]
        ),
        st.integers(0, 7),
    ),
    min_size=4,
    max_size=12,
)


@tagged("post_install", "-at_install")
class TestLife(FulfilmentCommon):
    """Whatever happens to orders: goods and money add up, to the piece and the fen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_point = cls.env["groupbuy.pickup.point"].create({"name": "West Gate"})
        cls.points = cls.point + cls.other_point
        cls.products = cls.leek + cls.ginger
        for product in cls.products:
            cls.env["stock.quant"]._update_available_quantity(
                product, cls.warehouse.lot_stock_id, STOCK
            )
        cls.reason = cls.env["groupbuy.claim.reason"].search(
            [("is_defect", "=", True)], limit=1
        )

    @settings(
        max_examples=int(os.environ.get("LIFE_EXAMPLES", "8")),
        deadline=None,
        database=None,
        # An example takes a second: what fails is told as it is.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(JOINS, MOVES, LOSSES, DEEDS)
    def test_goods_and_money_add_up(self, joins, moves, losses, deeds):
        savepoint = self.env.cr.savepoint()
        try:
            self.bank.__init__()
            self.jobs.enqueued_jobs = []
            self._live(joins, moves, losses, deeds)
        finally:
            savepoint.rollback()
            savepoint.close()
            self.env.invalidate_all()

    def _live(self, joins, moves, losses, deeds):
        campaign = self._create_campaign(
            self._offer(self.leek, 10, {20: 9.3, 40: 8.7}, min_quantity=3),
            self._offer(self.ginger, 7.77, {5: 7.01}),
            pickup_point_ids=[Command.set(self.points.ids)],
        )
        orders = self.env["sale.order"]
        for join in joins:
            orders |= self._live_join(campaign, *join)
        self._close(campaign)
        # What failed or was cancelled is at its end.
        alive = orders.filtered(lambda order: order.state == "sale") or orders
        for number in moves:
            self._try("move", alive[number % len(alive)])
        self._check(orders)
        transfers = self._get_transfers(campaign)
        self._live_transfers(transfers, losses)
        self._check(orders)
        for deed, number in deeds:
            self._try(deed, alive[number % len(alive)])
        self._check(orders)

    def _try(self, deed, order):
        try:
            with self.env.cr.savepoint():
                getattr(self, f"_live_{deed}")(order)
        except UserError as error:
            # Refused, as it would be at the desk.
            _logger.info("%s refused: %s", deed, error)
            self.env.invalidate_all()
        self._run_jobs()

    # === DEEDS === #

    def _live_join(self, campaign, resident, point, leeks, ginger, end):
        user = self.residents[resident]
        wanted = {self.leek: leeks, self.ginger: ginger}
        wanted = {product: pieces for product, pieces in wanted.items() if pieces}
        order = self._join(campaign, user, wanted, point=self.points[point])
        if end != "leave":
            self._pay(order)
        if end == "cancel":
            order.with_user(user).action_groupbuy_cancel()
        if end == "leave":
            # Nobody waits for the hold of somebody who has left.
            self._get_holds(order).expires_at = fields.Datetime.now()
        return order

    def _live_transfers(self, transfers, losses):
        if transfers:
            self._dispatch(transfers)
        for transfer in transfers.filtered(lambda picking: picking.state == "done"):
            moves = transfer.move_ids.filtered(lambda move: move.state == "done")
            came = {move.product_id: move.quantity for move in moves}
            lines = []
            for number, (product, pieces) in enumerate(came.items()):
                short = round(pieces * losses[2 * number])
                damaged = round((pieces - short) * losses[2 * number + 1])
                lines.append(
                    {"product_id": product.id, "short": short, "damaged": damaged}
                )
            transfer.groupbuy_record_arrival(lines)
        self._run_jobs()

    def _live_hand_over(self, order):
        order.pickup_point_id.hand_over([order.id])

    def _live_undo(self, order):
        order.groupbuy_handover_ids[:1].undo()

    def _live_move(self, order):
        other = self.points - order.pickup_point_id
        order.action_groupbuy_move_point(other.id)

    def _live_return(self, order):
        with self._later(days=30):
            order.action_groupbuy_return()
            returns = self.env["stock.picking"].search(
                [("groupbuy_kind", "=", "return"), ("state", "=", "assigned")]
            )
            returns.move_ids.picked = True
            returns._action_done()

    def _live_refund(self, order):
        self._claim(order, "refund").action_decide()

    def _live_take_back(self, order):
        claim = self._claim(order, "return")
        claim.action_decide()
        claim.action_receive_goods()

    def _live_allow(self, order):
        self._claim(order, "allowance").action_decide()

    def _claim(self, order, decision):
        line = order.order_line.filtered("groupbuy_offer_id")[:1]
        answer = order.with_user(order.partner_id.user_ids[:1]).groupbuy_submit_claim(
            [
                {
                    "line_id": line.id,
                    "quantity": 1,
                    "reason_id": self.reason.id,
                    "wish": "refund",
                    "note": "Wilted",
                }
            ]
        )
        claim = self.env["groupbuy.claim"].browse(answer["claim_id"])
        claim.line_ids.write({"decision": decision, "allowance_amount": 0.55})
        return claim

    # === CHECKS === #

    def _check(self, orders):
        self._book()
        self._check_stock(orders)
        for order in orders:
            self._check_money(order)

    def _get_count(self, product, domain):
        groups = self.env["stock.quant"]._read_group(
            [("product_id", "=", product.id), *domain], [], ["quantity:sum"]
        )
        return groups[0][0] or 0.0

    def _check_stock(self, orders):
        """Warehouse + points + residents + scrapped = received, and each is right."""
        for product in self.products:
            in_warehouse = self._get_count(
                product,
                [("location_id", "child_of", self.warehouse.view_location_id.id)],
            )
            at_points = self._get_count(
                product, [("location_id", "in", self.points.location_id.ids)]
            )
            with_residents = self._get_count(
                product, [("location_id.usage", "=", "customer")]
            )
            scrapped = self._get_count(
                product, [("location_id.usage", "=", "inventory")]
            )
            self.assertEqual(
                in_warehouse + at_points + with_residents + scrapped, STOCK
            )
            self._check_points(product)
            lines = orders.order_line.filtered(
                lambda line, product=product: line.product_id == product
            )
            self.assertEqual(with_residents, sum(lines.mapped("qty_delivered")))
        negative = self.env["stock.quant"].search_count(
            [
                ("product_id", "in", self.products.ids),
                ("location_id.usage", "=", "internal"),
                ("quantity", "<", 0),
            ]
        )
        self.assertFalse(negative)

    def _check_points(self, product):
        """What stands at a point is what somebody there still has to get."""
        for point in self.points:
            moves = self.env["stock.move"].search(
                [
                    ("product_id", "=", product.id),
                    ("location_id", "=", point.location_id.id),
                    ("picking_id.groupbuy_kind", "in", ("handover", "return")),
                    ("picking_id.groupbuy_stage", "!=", "warehouse"),
                    ("state", "not in", ("done", "cancel")),
                ]
            )
            self.assertEqual(
                self._get_count(product, [("location_id", "=", point.location_id.id)]),
                sum(moves.mapped("product_qty")),
                point.name,
            )

    def _check_money(self, order):
        """Payments - refunds = invoices - credit notes = what the order costs."""
        balance = order._groupbuy_get_balances()[order]
        due = order.amount_total if order.state in ("sent", "sale") else 0.0
        posted = order.invoice_ids.filtered(lambda move: move.state == "posted")
        invoiced = sum(posted.mapped("amount_total_signed"))
        self.assertAlmostEqual(balance, due, 6)
        if order.state == "sale":
            self.assertAlmostEqual(invoiced, due, 6)
            self.assertNotEqual(order.invoice_status, "to invoice")
        self.assertAtRest(order)
        for line in order.order_line.filtered("groupbuy_offer_id"):
            if order.groupbuy_status == "received":
                self.assertEqual(line.qty_delivered, line.product_uom_qty)
