import base64
import io
import time

from openpyxl import Workbook, load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import MerchantHttpCommon, pdf

TITLES = ("Code", "Name", "Specification", "Origin", "Category", "Price", "Cost",
          "Stock", "Description")  # fmt: skip


@tagged("post_install", "-at_install")
class TestImport(MerchantHttpCommon):
    def _write(self, *rows, titles=TITLES):
        """:return: base64 of a workbook"""
        workbook = Workbook()
        worksheet = workbook.active
        worksheet.title = "Products"
        worksheet.append(titles)
        for row in rows:
            worksheet.append(row)
        stream = io.BytesIO()
        workbook.save(stream)
        return base64.b64encode(stream.getvalue()).decode()

    def _row(self, number, **values):
        row = {
            "Code": f"C-{number}",
            "Name": f"Goods {number}",
            "Specification": "1 kg",
            "Origin": "Jinan",
            "Category": "Fruit",
            "Price": 9.9,
            "Cost": 5,
            "Stock": 20,
            "Description": "Fresh.",
            **values,
        }
        return [row[title] for title in TITLES]

    def _check(self, content, user=None):
        merchants = self.merchants.with_user(user or self.mia)
        return merchants.check_import("products.xlsx", content)

    def _run(self, content, user=None):
        preview = self._check(content, user)
        self.assertFalse(preview["errors"])
        answer = self.merchants.with_user(user or self.mia).run_import(
            preview["upload_id"]
        )
        self.env.flush_all()
        return answer

    def _find(self, code, merchant=None):
        return self.env["product.product"].search(
            [
                ("default_code", "=", code),
                ("groupbuy_merchant_id", "=", (merchant or self.farm).id),
            ]
        )

    # === WHAT IT DOES === #

    def test_new_products_become_drafts(self):
        answer = self._run(self._write(self._row(1), self._row(2, Stock=None)))
        self.assertEqual(answer, {"new": 2, "changed": 0, "unchanged": 0})
        product = self._find("C-1")
        self.assertEqual(product.name, "Goods 1")
        self.assertEqual((product.list_price, product.standard_price), (9.9, 5))
        self.assertEqual(product.qty_available, 20)
        self.assertEqual(product.public_categ_ids, self.category)
        self.assertTrue(product.groupbuy_withheld)
        self.assertFalse(product.is_published)
        quants = product.stock_quant_ids.filtered(lambda quant: quant.quantity > 0)
        self.assertEqual(quants.owner_id, self.farm.partner_id)
        self.assertEqual(self._find("C-2").qty_available, 0)

    def test_the_same_again_changes_nothing(self):
        content = self._write(self._row(1))
        self._run(content)
        product = self._find("C-1")
        self._save(self.mia, {"stock_change": -5}, product)
        self.assertEqual(self._run(content), {"new": 0, "changed": 0, "unchanged": 1})
        self.assertEqual(product.qty_available, 15)
        self._run(self._write(self._row(1, Stock=30)))
        self.assertEqual(product.qty_available, 30)

    def test_what_is_on_sale_is_reviewed(self):
        self.apple.default_code = "APPLE"
        row = self._row(
            1, Code="APPLE", Name="Best apples", Price=10.5, Cost=7, Stock=None,
            Specification=None, Origin=None, Description=None,
        )  # fmt: skip
        self._run(self._write(row))
        self.assertEqual((self.apple.name, self.apple.list_price), ("Apples", 10.5))
        self.assertEqual(self.apple.standard_price, 7)
        review = self._get_review(self.apple)
        self.assertEqual(review.line_ids.mapped("name"), ["name"])

    def test_codes_of_others_are_none_of_ones_own(self):
        self.flour.default_code = "C-1"
        self.leek.default_code = "C-2"
        self._run(self._write(self._row(1), self._row(2)))
        self.assertEqual((self.flour.name, self.leek.name), ("Flour", "Leeks"))
        self.assertEqual(len(self._find("C-1") + self._find("C-2")), 2)

    def test_an_export_can_be_imported_again(self):
        self.apple.default_code = "APPLE"
        self._sign_in(self.mia)
        answer = self._get("/my/merchant/import/products.xlsx")
        content = base64.b64encode(answer.content).decode()
        workbook = load_workbook(io.BytesIO(answer.content))
        codes = [cells[0].value for cells in workbook.worksheets[0].iter_rows()]
        self.assertEqual(codes[1:], ["APPLE"])
        preview = self._check(content)
        self.assertEqual((preview["new"], preview["changed"]), (0, 0))
        self.assertEqual(preview["unchanged"], 1)

    # === WHAT IS WRONG === #

    def test_two_thousand_rows_of_which_fifty_are_broken(self):
        """Every broken cell is named, nothing is imported; mended, all of it is, within
        a minute of work: machines that run tests have other things to do as well."""
        broken = {
            0: ("Price", "dear", "F"), 1: ("Price", -1, "F"), 2: ("Name", None, "B"),
            3: ("Category", "Nowhere", "E"), 4: ("Stock", 1.5, "H"),
            5: ("Stock", -1, "H"), 6: ("Cost", "x", "G"), 7: ("Code", "C-1", "A"),
            8: ("Name", "x" * 101, "B"), 9: ("Price", 1.234, "F"),
        }  # fmt: skip
        rows, cells = [], set()
        for number in range(2000):
            values = {}
            if number % 40 == 20:
                title, value, letter = broken[number // 40 % 10]
                values = {title: value}
                cells.add(f"Products!{letter}{number + 2}")
            rows.append(self._row(number, **values))
        begun = time.process_time()
        preview = self._check(self._write(*rows))
        self.assertEqual({error["cell"] for error in preview["errors"]}, cells)
        self.assertEqual((len(cells), preview["error_count"]), (50, 50))
        self.assertFalse(preview["upload_id"])
        self.assertFalse(self._find("C-0"))
        answer = self._run(self._write(*map(self._row, range(2000))))
        self.assertLess(time.process_time() - begun, 60)
        self.assertEqual(answer["new"], 2000)
        self.assertEqual(self._find("C-1999").qty_available, 20)

    def test_what_is_no_workbook_is_refused(self):
        check = self.merchants.with_user(self.mia).check_import
        for name, content in (
            (None, "x"), ("a.xlsx", None), ("a.xlsx", ""), ("a.xlsx", "no base64!"),
            ("a.xlsx", 5), ("a.xlsx", "A" * 15_000_000),
        ):  # fmt: skip
            with self.assertRaises(UserError):
                check(name, content)
        for content in (pdf(), self._write(titles=("Code", "Colour"))):
            preview = self._check(content)
            self.assertTrue(preview["errors"])
            self.assertFalse(preview["upload_id"])

    def test_nobody_runs_anothers_upload(self):
        preview = self._check(self._write(self._row(1)))
        for user in (self.staff, self.noa, self.book, self.ann):
            with self.assertRaises(AccessError):
                self.merchants.with_user(user).run_import(preview["upload_id"])
        for number in (None, "1", True, 0, 2**40):
            with self.assertRaises(AccessError):
                self.merchants.with_user(self.mia).run_import(number)
        with self.assertRaises(AccessError):
            self._check(self._write(self._row(1)), self.book)
        self._suspend(self.farm)
        with self.assertRaises(UserError):
            self.merchants.with_user(self.mia).run_import(preview["upload_id"])

    def test_the_page_checks_then_imports(self):
        self._sign_in(self.staff)

        def send(content):
            file = io.BytesIO(base64.b64decode(content))
            return self._post(
                "/my/merchant/import/check", files={"file": ("products.xlsx", file)}
            ).text

        text = send(self._write(self._row(1, Price="dear")))
        self.assertIn("Products!F2", text)
        self.assertNotIn('name="upload_id"', text)
        text = send(self._write(self._row(1)))
        upload_id = text.partition('name="upload_id" value="')[2].partition('"')[0]
        answer = self._post("/my/merchant/import/run", {"upload_id": upload_id})
        self.assertEqual(answer.status_code, 303)
        self.assertIn("were imported", self._get("/my/merchant/products").text)
        self.env.invalidate_all()
        self.assertTrue(self._find("C-1"))
        answer = self._post("/my/merchant/import/run", {"upload_id": upload_id})
        self.assertIn("/my/merchant/import", answer.headers["Location"])
