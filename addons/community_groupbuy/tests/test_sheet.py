import io

import openpyxl
import pypdf

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .storefront_common import StorefrontCommon


class SheetCommon(StorefrontCommon):
    """Two points on one route, one on none; three residents' orders on their way."""

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
        cls.point.write({"name": "东门", "route_id": cls.route.id, "route_sequence": 2})
        cls.west, cls.north = cls.env["groupbuy.pickup.point"].create(
            [
                {
                    "name": "西门",
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

    def _day(self):
        transfer = self.transfers[0].with_user(self.operator)
        return self.env["groupbuy.sheet"].with_user(self.operator)._get_day(transfer)


@tagged("post_install", "-at_install")
class TestSheet(SheetCommon):
    # === CONTENT === #

    def test_pick_list_adds_up_each_product(self):
        (page,) = self._gather("pick")["pages"]
        rows = [row[1:7] for row in page["blocks"][0]["rows"]]
        self.assertCountEqual(
            rows,
            [
                ["LEEK", "6900000000017", "章丘大葱", 12.0, "Units", 2],
                ["GINGER", "", "莱芜生姜", 8.0, "Units", 2],
            ],
        )
        self.assertEqual(page["blocks"][0]["total"], 20)

    def test_sorting_sheet_follows_the_route_then_the_orders(self):
        pages = self._gather("sort")["pages"]
        self.assertEqual([page["title"] for page in pages], ["北线", "No route"])
        self.assertEqual(
            [block["values"] for block in pages[0]["blocks"]],
            [[1, "西门"], [2, "东门"]],
        )
        self.assertEqual(
            [row[:5] for row in pages[0]["blocks"][1]["rows"]],
            [
                [self.first.name, "安", "LEEK", "章丘大葱", 3.0],
                [self.first.name, "安", "GINGER", "莱芜生姜", 2.0],
                [self.second.name, "=1+1", "LEEK", "章丘大葱", 5.0],
            ],
        )

    def test_manifest_has_the_driver_the_stops_and_what_each_gets(self):
        self.route.driver_id = self.env["res.partner"].create({"name": "Driver Du"})
        page = self._gather("manifest")["pages"][0]
        self.assertEqual(page["facts"], ["Driver Du", "鲁A 12345"])
        block = page["blocks"][0]
        self.assertEqual(block["values"][:3], [1, "西门", "泉城路 9 号"])
        self.assertEqual(
            [row[:4] for row in block["rows"]], [["LEEK", "章丘大葱", 4.0, "Units"]]
        )

    def test_handover_list_names_residents_by_the_end_of_their_phone(self):
        page = self._gather("handover")["pages"][0]
        rows = page["blocks"][1]["rows"]
        self.assertEqual(rows[0][:3], [self.first.name, "安", "0000"])
        self.assertNotIn("13800000000", str(page))

    def test_cancelled_goods_are_on_no_sheet(self):
        self.third.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "handover"
        ).action_cancel()
        blocks = self._gather("sort")["pages"][0]["blocks"]
        self.assertEqual([block["values"][1] for block in blocks], ["东门"])

    def test_day_is_the_users_own(self):
        day = self._day()
        wizard = self._wizard("sort", picking_ids=False, date=day)
        self.assertEqual(wizard.picking_count, len(self.transfers))
        self.assertEqual(wizard._gather(), self._gather("sort"))
        wizard.route_ids = self.route
        self.assertEqual(len(wizard._gather()["pages"]), 1)
        # 23:30 in UTC is the next day in Jinan.
        self.transfers.scheduled_date = f"{day} 23:30:00"
        with self.assertRaisesRegex(UserError, "Nothing leaves"):
            wizard.action_print()

    # === FILES === #

    def test_workbook_is_downloaded_with_everything_as_text(self):
        self.authenticate("gb_sheet_operator", "gb_sheet_operator")
        action = self._wizard("sort", file_format="xlsx").action_print()
        response = self.url_open(action["url"])
        self.assertEqual(response.status_code, 200)
        self.assertIn("Sorting%20sheet", response.headers["Content-Disposition"])
        workbook = openpyxl.load_workbook(io.BytesIO(response.content))
        self.assertEqual(workbook.sheetnames, ["北线", "No route"])
        worksheet = workbook["北线"]
        rows = list(worksheet.iter_rows(min_row=3, values_only=True))
        self.assertEqual(
            rows[:4],
            [
                (1, "西门", self.third.name, self.cem.name, "LEEK", "章丘大葱", 4)
                + ("Units", None),
                (2, "东门", self.first.name, "安", "LEEK", "章丘大葱", 3)
                + ("Units", None),
                (2, "东门", self.first.name, "安", "GINGER", "莱芜生姜", 2)
                + ("Units", None),
                (2, "东门", self.second.name, "=1+1", "LEEK", "章丘大葱", 5)
                + ("Units", None),
            ],
        )
        self.assertEqual(worksheet["D6"].data_type, "s", "a name is no formula")
        self.assertEqual(rows[4][6], "=SUBTOTAL(109,G3:G6)")
        self.assertEqual(len(worksheet.row_breaks.brk), 1, "a point a page")

    def test_worksheets_of_like_routes_get_names_that_excel_takes(self):
        names = set()
        sheet = self.env["groupbuy.sheet"]
        long = "A [very] long: name/of a * route that has no end"
        made = [sheet._get_worksheet_name(long, names) for _time in range(2)]
        self.assertEqual(len({name.lower() for name in made}), 2)
        for name in made:
            self.assertLessEqual(len(name), 31)
            self.assertFalse(set(name) & set("[]:*?/\\"))

    def test_each_sheet_prints_its_chinese(self):
        report = self.env["ir.actions.report"].with_user(self.operator)
        report = report.with_context(force_report_rendering=True)
        for kind, words in {
            "pick": ["章丘大葱", "莱芜生姜", "12"],
            "sort": ["北线", "西门", "章丘大葱", self.first.name],
            "manifest": ["泉城路", "东门", "莱芜生姜"],
            "handover": ["东门", self.second.name, "Signature"],
        }.items():
            with self.subTest(kind):
                content, _type = report._render_qweb_pdf(
                    "community_groupbuy.report_sheet", self._wizard(kind).ids
                )
                pages = pypdf.PdfReader(io.BytesIO(content)).pages
                text = "".join(page.extract_text() for page in pages)
                for word in words:
                    self.assertIn(word, text)
        self.assertEqual(len(pages), 3, "a point a page")

    # === REFUSED === #

    def test_only_operators_print(self):
        wizard = self._wizard("sort")
        for user in (self.ann, new_test_user(self.env, login="gb_clerk")):
            with self.assertRaises(AccessError):
                wizard.with_user(user)._gather()
            with self.assertRaisesRegex(UserError, "Only operators"):
                self.env["groupbuy.sheet"].with_user(user)._gather(
                    "sort", self.transfers.with_user(user)
                )
        url = f"/groupbuy/sheets/{wizard.id}.xlsx"
        self.authenticate("gb_resident_1", "gb_resident_1")
        self.assertEqual(self.url_open(url).status_code, 404)
        self.authenticate(None, None)
        self.assertIn("/web/login", self.url_open(url).url)

    def test_what_is_not_there_is_said(self):
        self.authenticate("gb_sheet_operator", "gb_sheet_operator")
        for number in (2**31 - 1, 2**40):
            response = self.url_open(f"/groupbuy/sheets/{number}.xlsx")
            self.assertEqual(response.status_code, 404)
        with self.assertRaisesRegex(UserError, "no such sheet"):
            self.env["groupbuy.sheet"]._gather("other", self.transfers)
        wizard = self._wizard("handover", file_format="xlsx")
        self.orders.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "handover"
        ).action_cancel()
        response = self.url_open(wizard.action_print()["url"])
        self.assertEqual(response.status_code, 400)
        self.assertIn("nothing on this sheet", response.text)

    def test_transfers_and_batches_open_the_dialog_with_themselves(self):
        for records in (self.transfers, self.transfers.batch_id):
            action = records.action_groupbuy_print_sheets()
            wizard = (
                self.env["groupbuy.sheet.print"]
                .with_context(**action["context"])
                .create({})
            )
            self.assertTrue(wizard.picking_ids)
            self.assertLessEqual(wizard.picking_ids, self.transfers)
