from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_sheet import SheetCommon


@tagged("post_install", "-at_install")
class TestSort(SheetCommon):
    def setUp(self):
        super().setUp()
        self.moves = self.env["stock.move"].with_user(self.operator)
        self.day = str(self._day())

    def _progress(self, **kwargs):
        progress = self.moves.get_groupbuy_sorting(self.day, **kwargs)
        return {
            key: progress[key] for key in ("total", "sorted", "crates", "crates_done")
        }

    def _crates(self, product=None, **kwargs):
        return self.moves.get_groupbuy_crates(
            (product or self.leek).id, self.day, **kwargs
        )

    def _sort(self, crate, quantity=None, already=None):
        return self.moves.browse(crate["move_id"]).action_groupbuy_sort(
            crate["quantity"] if quantity is None else quantity,
            crate["sorted"] if already is None else already,
        )

    def test_product_shows_the_crates_as_the_truck_drives(self):
        crates = self._crates()
        self.assertEqual(
            [(c["stop"], c["point"], c["order"], c["quantity"]) for c in crates],
            [
                (1, "西门", self.third.name, 4),
                (2, "东门", self.first.name, 3),
                (2, "东门", self.second.name, 5),
            ],
        )
        self.assertEqual(crates[1]["resident"], "安")

    def test_progress_of_the_day_lasts(self):
        self.assertEqual(
            self._progress(), {"total": 20, "sorted": 0, "crates": 4, "crates_done": 0}
        )
        for crate in self._crates():
            self._sort(crate)
        self.env.invalidate_all()
        self.assertEqual(
            self._progress(),
            {"total": 20, "sorted": 12, "crates": 4, "crates_done": 2},
        )
        progress = self.moves.get_groupbuy_sorting(self.day)
        leek = next(p for p in progress["products"] if p["id"] == self.leek.id)
        self.assertEqual((leek["sorted"], leek["barcode"]), (12, "6900000000017"))
        self.assertEqual(
            {crate["by"] for crate in self._crates()}, {self.operator.name}
        )
        self.assertEqual(self._progress(route_id=self.route.id)["total"], 14)

    def test_crate_fills_up_piece_by_piece_and_never_over(self):
        crate = self._crates()[0]
        self.assertEqual(self._sort(crate, 1), 1)
        with self.assertRaisesRegex(UserError, "Somebody else"):
            self._sort(crate, 1, already=0)
        with self.assertRaisesRegex(UserError, "gets 4 pieces"):
            self._sort(crate, 4, already=1)
        self.assertEqual(self._sort(crate, 3, already=1), 4)

    def test_undo_takes_back_the_last_crate_then_the_one_before(self):
        crates = self._crates()
        for crate in crates[:2]:
            self._sort(crate)
        undone = self.moves.action_groupbuy_unsort_last()
        self.assertEqual(undone["order"], crates[1]["order"])
        self.assertEqual(undone["product_id"], self.leek.id)
        self.assertEqual(
            self.moves.action_groupbuy_unsort_last()["order"], crates[0]["order"]
        )
        self.assertFalse(self.moves.action_groupbuy_unsort_last())
        self.assertEqual(self._progress()["sorted"], 0)

    def test_what_is_taken_off_an_order_needs_no_sorting(self):
        crate = self._crates()[0]
        self._sort(crate)
        self.env["stock.move"].browse(crate["move_id"]).product_uom_qty = 2
        self.env.flush_all()
        self.assertEqual(
            [(c["quantity"], c["sorted"]) for c in self._crates()[:1]], [(2, 2)]
        )

    def test_order_that_goes_to_another_point_is_sorted_again(self):
        crate = self._crates()[0]
        self._sort(crate)
        move = self.env["stock.move"].browse(crate["move_id"])
        move.picking_id.pickup_point_id = self.west
        self.assertEqual(move.groupbuy_sorted, 4)
        move.picking_id.pickup_point_id = self.point
        self.assertEqual(move.groupbuy_sorted, 0)

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
        for date in ("", "soon", None, 5, "2026-02-30", ["2026-01-01"]):
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

    def test_only_operators_sort(self):
        crate = self._crates()[0]
        moves = self.moves.with_user(self.cem)
        for call in (
            lambda: moves.get_groupbuy_sorting(self.day),
            lambda: moves.get_groupbuy_crates(self.leek.id, self.day),
            lambda: moves.browse(crate["move_id"]).action_groupbuy_sort(1),
            lambda: moves.browse(crate["move_id"]).action_groupbuy_unsort(),
            lambda: moves.action_groupbuy_unsort_last(),
        ):
            with self.assertRaisesRegex(UserError, "Only operators"):
                call()
