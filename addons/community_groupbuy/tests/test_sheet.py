import io
import unicodedata

import openpyxl
import pypdf

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .storefront_common import StorefrontCommon


class SheetCommon(StorefrontCommon):
    """Two points on one route, one on none; four orders on their way to them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env,
            login="gb_sheet_operator",
            groups="base.group_user,community_groupbuy.group_operator",
            tz="Asia/Shanghai",
        )
        cls.leek.write(
            {"name": "章丘大葱", "default_code": "LEEK", "barcode": "6900000000017"}
        )
        cls.ginger.write({"name": "莱芜生姜", "default_code": "GINGER"})
        cls.route = cls.env["groupbuy.route"].create(
            {"name": "北线", "vehicle": "鲁A 12345"}
        )
        cls.point.write({"name": "东苑", "route_id": cls.route.id, "route_sequence": 2})
        cls.west, cls.north = cls.env["groupbuy.pickup.point"].create(
            [
                {
                    "name": "西苑",
                    "street": "泉城路 9 号",
                    "route_id": cls.route.id,
                    "route_sequence": 1,
                },
                {"name": "North Gate"},
            ]
        )
        cls.ann.name = "安"
        # A name that Excel would take for a formula.
        cls.ben.name = "=1+1"

    def setUp(self):
        super().setUp()
        self.first = self._buy(self.campaign, self.ann, {self.leek: 3, self.ginger: 2})
        self.second = self._buy(self.campaign, self.ben, {self.leek: 5})
        self.third = self._buy(self.campaign, self.cem, {self.leek: 4}, point=self.west)
        self.fourth = self._buy(
            self.campaign, self.dot, {self.ginger: 6}, point=self.north
        )
        self.orders = self.first | self.second | self.third | self.fourth
        self._close(self.campaign)
        self.transfers = self.env["stock.picking"].search(
            [
                ("groupbuy_campaign_id", "=", self.campaign.id),
                ("groupbuy_kind", "=", "transfer"),
            ]
        )

    def _day(self):
        transfer = self.transfers[0].with_user(self.operator)
        return self.env["groupbuy.sheet"].with_user(self.operator)._get_day(transfer)

    def _get_handovers(self, orders):
        return orders.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "handover"
        )


@tagged("post_install", "-at_install")
class TestSheet(SheetCommon):
    def _wizard(self, kind, **vals):
        return (
            self.env["groupbuy.sheet.print"]
            .with_user(self.operator)
            .create(
                {
                    "kind": kind,
                    "picking_ids": [Command.set(self.transfers.ids)],
                    **vals,
                }
            )
        )

    def _gather(self, kind, **vals):
        return self._wizard(kind, **vals)._gather()

    def test_sheets_hold_what_leaves_in_the_order_of_the_route(self):
        with self.subTest("The pick list adds up each product."):
            (page,) = self._gather("pick")["pages"]
            self.assertCountEqual(
                [row[1:7] for row in page["blocks"][0]["rows"]],
                [
                    ["LEEK", "6900000000017", "章丘大葱", 12.0, "Units", 2],
                    ["GINGER", "", "莱芜生姜", 8.0, "Units", 2],
                ],
            )
            self.assertEqual(page["blocks"][0]["total"], 20)
        with self.subTest("Sorting follows the route, then the orders."):
            pages = self._gather("sort")["pages"]
            self.assertEqual([page["title"] for page in pages], ["北线", "No route"])
            self.assertEqual(
                [block["values"] for block in pages[0]["blocks"]],
                [[1, "西苑"], [2, "东苑"]],
            )
            self.assertEqual(
                [row[:5] for row in pages[0]["blocks"][1]["rows"]],
                [
                    [self.first.name, "安", "LEEK", "章丘大葱", 3.0],
                    [self.first.name, "安", "GINGER", "莱芜生姜", 2.0],
                    [self.second.name, "=1+1", "LEEK", "章丘大葱", 5.0],
                ],
            )
        with self.subTest("The manifest has driver, stops and what each gets."):
            self.route.driver_id = self.env["res.partner"].create({"name": "Du"})
            page = self._gather("manifest")["pages"][0]
            self.assertEqual(page["facts"], ["Du", "鲁A 12345"])
            block = page["blocks"][0]
            self.assertEqual(block["values"][:3], [1, "西苑", "泉城路 9 号"])
            self.assertEqual(
                [row[:4] for row in block["rows"]],
                [["LEEK", "章丘大葱", 4.0, "Units"]],
            )
        with self.subTest("Whoever collects is known by the end of the phone number."):
            page = self._gather("handover")["pages"][0]
            rows = page["blocks"][1]["rows"]
            self.assertEqual(rows[0][:3], [self.first.name, "安", "0000"])
            self.assertNotIn("13800000000", str(page))
        with self.subTest("What is cancelled is on no sheet."):
            self._get_handovers(self.third).action_cancel()
            blocks = self._gather("sort")["pages"][0]["blocks"]
            self.assertEqual([block["values"][1] for block in blocks], ["东苑"])

    def test_sheets_of_a_day_and_of_chosen_transfers(self):
        day = self._day()
        wizard = self._wizard("sort", picking_ids=False, date=day)
        self.assertLessEqual(self.transfers, wizard._get_pickings())
        wizard.route_ids = self.route
        self.assertEqual(
            wizard._get_pickings(),
            self.transfers.filtered(lambda transfer: transfer.groupbuy_route_id),
        )
        self.assertEqual(wizard.picking_count, 2)
        self.assertEqual(len(wizard._gather()["pages"]), 1)
        for records in (self.transfers, self.transfers.batch_id):
            action = records.action_groupbuy_print_sheets()
            chosen = self.env["groupbuy.sheet.print"].with_context(**action["context"])
            chosen = chosen.create({})
            self.assertTrue(chosen.picking_ids)
            self.assertLessEqual(chosen.picking_ids, self.transfers)
        # 23:30 in UTC is the next day in Jinan.
        self.transfers.scheduled_date = f"{day} 23:30:00"
        with self.assertRaisesRegex(UserError, "Nothing leaves"):
            wizard.action_print()

    def test_files_hold_chinese_and_nothing_but_text(self):
        with self.subTest("Excel"):
            self.authenticate("gb_sheet_operator", "gb_sheet_operator")
            action = self._wizard("sort", file_format="xlsx").action_print()
            response = self.url_open(action["url"])
            self.assertEqual(response.status_code, 200)
            disposition = response.headers["Content-Disposition"]
            self.assertIn("Sorting%20sheet", disposition)
            workbook = openpyxl.load_workbook(io.BytesIO(response.content))
            self.assertEqual(workbook.sheetnames, ["北线", "No route"])
            worksheet = workbook["北线"]
            rows = list(worksheet.iter_rows(min_row=3, values_only=True))
            unit = ("Units", None)
            leek, ginger = ("LEEK", "章丘大葱"), ("GINGER", "莱芜生姜")
            self.assertEqual(
                rows[:4],
                [
                    (1, "西苑", self.third.name, self.cem.name, *leek, 4, *unit),
                    (2, "东苑", self.first.name, "安", *leek, 3, *unit),
                    (2, "东苑", self.first.name, "安", *ginger, 2, *unit),
                    (2, "东苑", self.second.name, "=1+1", *leek, 5, *unit),
                ],
            )
            self.assertEqual(worksheet["D6"].data_type, "s", "a name is no formula")
            self.assertEqual(rows[4][6], "=SUBTOTAL(109,G3:G6)")
            self.assertEqual(len(worksheet.row_breaks.brk), 1, "a point a page")
        with self.subTest("Excel takes the names of all routes."):
            names = set()
            sheet = self.env["groupbuy.sheet"]
            long = "A [very] long: name/of a * route that has no end"
            made = [sheet._get_worksheet_name(long, names) for _time in range(2)]
            self.assertEqual(len({name.lower() for name in made}), 2)
            for name in made:
                self.assertLessEqual(len(name), 31)
                self.assertFalse(set(name) & set("[]:*?/\\"))
        report = self.env["ir.actions.report"].with_user(self.operator)
        report = report.with_context(force_report_rendering=True)
        for kind, words, count in (
            ("pick", ["章丘大葱", "莱芜生姜", "12"], 1),
            ("sort", ["北线", "东苑", "章丘大葱", self.first.name], 3),
            ("manifest", ["泉城路", "东苑", "莱芜生姜", "Damaged"], 2),
            ("handover", ["东苑", self.second.name, "Signature"], 3),
        ):
            with self.subTest(f"PDF, {kind}"):
                content, _type = report._render_qweb_pdf(
                    "community_groupbuy.report_sheet", self._wizard(kind).ids
                )
                pages = pypdf.PdfReader(io.BytesIO(content)).pages
                self.assertEqual(len(pages), count)
                text = "".join(page.extract_text() for page in pages)
                # Fonts share the glyph of a character and its radical: ⼤ is 大.
                text = unicodedata.normalize("NFKC", text)
                for word in words:
                    self.assertIn(word, text)

    def test_only_operators_print_what_there_is(self):
        wizard = self._wizard("handover", file_format="xlsx")
        url = f"/groupbuy/sheets/{wizard.id}.xlsx"
        for user in (self.ann, new_test_user(self.env, login="gb_clerk")):
            with self.assertRaises(AccessError):
                wizard.with_user(user)._gather()
            with self.assertRaisesRegex(UserError, "Only operators"):
                self.env["groupbuy.sheet"].with_user(user)._gather(
                    "sort", self.transfers.with_user(user)
                )
        self.authenticate("gb_resident_1", "gb_resident_1")
        self.assertEqual(self.url_open(url).status_code, 404)
        self.authenticate(None, None)
        self.assertIn("/web/login", self.url_open(url).url)
        self.authenticate("gb_sheet_operator", "gb_sheet_operator")
        for number in (2**31 - 1, 2**40):
            response = self.url_open(f"/groupbuy/sheets/{number}.xlsx")
            self.assertEqual(response.status_code, 404)
        with self.assertRaisesRegex(UserError, "no such sheet"):
            self.env["groupbuy.sheet"]._gather("other", self.transfers)
        self._get_handovers(self.orders).action_cancel()
        response = self.url_open(url)
        self.assertEqual(response.status_code, 400)
        self.assertIn("nothing on this sheet", response.text)
