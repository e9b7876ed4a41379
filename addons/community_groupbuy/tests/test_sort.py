from odoo.exceptions import UserError
from odoo.tests import tagged

from .browser_common import BrowserCommon
from .test_sheet import SheetCommon


@tagged("post_install", "-at_install")
class TestSort(SheetCommon):
    def setUp(self):
        super().setUp()
        self.moves = self.env["stock.move"].with_user(self.operator)
        self.day = str(self._day())
        self.scope = (self.day, self.route.id)

    def _progress(self):
        progress = self.moves.get_groupbuy_sorting(*self.scope)
        return tuple(
            progress[key] for key in ("total", "sorted", "crates", "crates_done")
        )

    def _crates(self):
        return self.moves.get_groupbuy_crates(self.leek.id, *self.scope)

    def _sort(self, crate, quantity=None, already=None):
        return self.moves.browse(crate["move_id"]).action_groupbuy_sort(
            crate["quantity"] if quantity is None else quantity,
            crate["sorted"] if already is None else already,
        )

    def test_product_goes_into_one_crate_after_the_other(self):
        with self.subTest("The crates stand as the truck drives."):
            crates = self._crates()
            self.assertEqual(
                [(c["stop"], c["point"], c["order"], c["quantity"]) for c in crates],
                [
                    (1, "西苑", self.third.name, 4),
                    (2, "东苑", self.first.name, 3),
                    (2, "东苑", self.second.name, 5),
                ],
            )
            self.assertEqual(crates[1]["resident"], "安")
            self.assertEqual(self._progress(), (14, 0, 3, 0))
        with self.subTest("A crate fills up piece by piece, and never over."):
            crate = crates[0]
            self.assertEqual(self._sort(crate, 1), 1)
            with self.assertRaisesRegex(UserError, "Somebody else"):
                self._sort(crate, 1, already=0)
            with self.assertRaisesRegex(UserError, "gets 4 pieces"):
                self._sort(crate, 4, already=1)
            self.assertEqual(self._sort(crate, 3, already=1), 4)
        with self.subTest("The day's progress lasts."):
            for crate in crates[1:]:
                self._sort(crate)
            self.env.invalidate_all()
            self.assertEqual(self._progress(), (14, 12, 3, 2))
            progress = self.moves.get_groupbuy_sorting(*self.scope)
            leek = next(p for p in progress["products"] if p["id"] == self.leek.id)
            self.assertEqual((leek["sorted"], leek["barcode"]), (12, "6900000000017"))
            names = {crate["by"] for crate in self._crates()}
            self.assertEqual(names, {self.operator.name})
        with self.subTest("Undo takes back the last crate, then the one before."):
            for crate in reversed(crates):
                undone = self.moves.action_groupbuy_unsort_last()
                self.assertEqual(undone["order"], crate["order"])
                self.assertEqual(undone["product_id"], self.leek.id)
            self.assertFalse(self.moves.action_groupbuy_unsort_last())
            self.assertEqual(self._progress()[1], 0)
        move = self.env["stock.move"].browse(crates[0]["move_id"])
        with self.subTest("An order that goes to another point is sorted again."):
            self._sort(crates[0])
            move.picking_id.pickup_point_id = self.west
            self.assertEqual(move.groupbuy_sorted, 4)
            move.picking_id.pickup_point_id = self.point
            self.assertEqual(move.groupbuy_sorted, 0)
            move.picking_id.pickup_point_id = self.west
        with self.subTest("What is taken off an order needs no sorting."):
            self._sort(crates[0])
            move.product_uom_qty = 2
            self.env.flush_all()
            crate = self._crates()[0]
            self.assertEqual((crate["quantity"], crate["sorted"]), (2, 2))

    def test_wrong_input_is_refused_in_words(self):
        move = self.moves.browse(self._crates()[0]["move_id"])
        for quantity, already in (
            (0, 0),
            (-1, 0),
            ("1", 0),
            (True, 0),
            (None, 0),
            (1, None),
            (float("nan"), 0),
            (10**12, 0),
        ):
            with self.assertRaisesRegex(UserError, "How many pieces"):
                move.action_groupbuy_sort(quantity, already)
        self.assertEqual(self.moves.get_groupbuy_sorting()["date"], self.day)
        for date in ("", "soon", False, 5, "2026-02-30", ["2026-01-01"]):
            with self.assertRaisesRegex(UserError, "no such day"):
                self.moves.get_groupbuy_sorting(date)
        for route in (2**40, -1, "x", 2**31 - 1):
            with self.assertRaisesRegex(UserError, "no such route"):
                self.moves.get_groupbuy_sorting(self.day, route)
        for product in ("x", None, True):
            with self.assertRaisesRegex(UserError, "no such product"):
                self.moves.get_groupbuy_crates(product, self.day)
        self.assertEqual(self.moves.get_groupbuy_crates(2**40, self.day), [])
        for moves in (self.moves, self.moves.browse(2**31 - 1)):
            with self.assertRaisesRegex(UserError, "no such crate"):
                moves.action_groupbuy_sort(1)
        with self.assertRaisesRegex(UserError, "nothing to sort"):
            self.moves.browse(self.transfers.move_ids[0].id).action_groupbuy_sort(1)
        with self.subTest("Only operators sort."):
            moves = self.moves.with_user(self.cem)
            for call in (
                lambda: moves.get_groupbuy_sorting(self.day),
                lambda: moves.get_groupbuy_crates(self.leek.id, self.day),
                lambda: moves.browse(move.id).action_groupbuy_sort(1),
                lambda: moves.browse(move.id).action_groupbuy_unsort(),
                lambda: moves.action_groupbuy_unsort_last(),
            ):
                with self.assertRaisesRegex(UserError, "Only operators"):
                    call()


@tagged("post_install", "-at_install")
class TestSortTour(SheetCommon, BrowserCommon):
    def test_scanner_fills_crates(self):
        self.start_tour(
            "/odoo/group-buy-sorting", "groupbuy_sort", login="gb_sheet_operator"
        )
        self.env.invalidate_all()
        moves = self._get_handovers(self.orders).move_ids
        filled = moves.filtered("groupbuy_sorted")
        self.assertEqual(
            {(m.sale_line_id.order_id, m.groupbuy_sorted) for m in filled},
            {(self.third, 4), (self.first, 2)},
        )
