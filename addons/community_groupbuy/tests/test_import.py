import base64
import io
import re
import zipfile
from contextlib import contextmanager
from datetime import datetime
from unittest.mock import patch

from freezegun import freeze_time
from openpyxl import Workbook, load_workbook
from PIL import Image

from odoo.exceptions import AccessError, UserError
from odoo.service.model import get_public_method
from odoo.tests import new_test_user, tagged

from odoo.addons.community_groupbuy.models import groupbuy_import_file

from .common import GroupbuyCommon

PRODUCT = {
    "编码": "LEEK",
    "名称": "章丘大葱",
    "名稱（繁體）": "章丘大蔥",
    "Name (English)": "Zhangqiu Leeks",
    "规格": "5公斤/捆",
    "分类": "蔬菜 / 葱姜蒜",
    "产地": "济南章丘",
    "售价": 29.8,
    "成本": 18.5,
    "库存": 100,
    "税率": 9,
    "描述": "葱白长，\n葱心甜。",
}
POINT = {
    "编码": "P1",
    "名称": "东门自提点",
    "地址": "花园路1号",
    "区": "历城区",
    "城市": "济南市",
    "邮编": 250100,
    "电话": "0531-0000 0011",
    "营业时间": "09:00-20:00",
    "纬度": 36.6858,
    "经度": 117.0746,
    "容量": 80,
    "路线": "东线",
    "顺序": 2,
}
CAMPAIGN = {
    "编码": "T1",
    "名称": "冬储大葱",
    "描述": "立冬第一批。",
    "开团时间": "今天-1 08:00",
    "截团时间": "今天+3 20:00",
    "目标类型": "件数",
    "目标值": 60,
    "未成团": "延长",
    "延长小时": 12,
    "自提日期": "今天+5 10:00",
    "自提截止": "今天+7 20:00",
    "自提点": "P1",
    "满额自动截团": "否",
    "每周重复": "是",
    "状态": "发布",
}
OFFER = {
    "团购编码": "T1",
    "商品编码": "LEEK",
    "团购价": 28.8,
    "限量": 200,
    "最低成团件数": 10,
    "每份件数": 2,
    "每单限购": 20,
    "每人限购": None,
}
TIERS = [
    {"团购编码": "T1", "商品编码": "LEEK", "满件数": 20, "价格": 26.8},
    {"团购编码": "T1", "商品编码": "LEEK", "满件数": 60, "价格": 24.9},
]
TITLES = {
    "product": "商品",
    "point": "自提点",
    "campaign": "团购",
    "offer": "团购商品",
    "tier": "阶梯价",
}


def _picture(color="red", suffix="PNG", size=(40, 40)):
    stream = io.BytesIO()
    Image.new("RGB", size, color).save(stream, suffix)
    return stream.getvalue()


def _zip(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


@tagged("post_install", "-at_install")
class TestImport(GroupbuyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in ("zh_CN", "zh_TW"):
            cls.env["res.lang"]._activate_lang(lang)
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.importer = cls.env["groupbuy.import"]
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )

    # === WORKBOOKS === #

    def _workbook(self, change=None, **rows):
        """:param rows: {kind: a row or rows as {title: value}}
        :param change: called with the workbook before it is saved
        """
        workbook = Workbook()
        workbook.remove(workbook.active)
        for kind, dicts in rows.items():
            dicts = [dicts] if isinstance(dicts, dict) else dicts
            worksheet = workbook.create_sheet(TITLES.get(kind, kind))
            worksheet.append(list(dicts[0]))
            for values in dicts:
                worksheet.append(list(values.values()))
        if change:
            change(workbook)
        stream = io.BytesIO()
        workbook.save(stream)
        return stream.getvalue()

    def _whole(self, **changes):
        """:param changes: {kind: {title: value}} to change in the rows"""
        rows = {
            "product": PRODUCT,
            "point": POINT,
            "campaign": CAMPAIGN,
            "offer": OFFER,
        }
        rows = {kind: row | changes.get(kind, {}) for kind, row in rows.items()}
        return self._workbook(**rows, tier=changes.get("tier", TIERS))

    def _prepare(self, content, name="file.xlsx"):
        return self.importer._prepare(name, content)

    def _import(self, content, name="file.xlsx"):
        """:return: {sheet: {"new", "changed", "unchanged"}}"""
        book = self._prepare(content, name)
        self.assertFalse(book.errors)
        self.importer._write(book)
        self.env.invalidate_all()
        return {sheet: dict(counts) for sheet, counts in book.counts.items() if counts}

    def _import_product(self, **changes):
        return self._import(self._workbook(product=PRODUCT | changes))["product"]

    def _get_product(self, code="LEEK"):
        return self.env["product.product"].search([("default_code", "=", code)])

    def _get_campaign(self):
        return self.env["groupbuy.campaign"].search([("code", "=", "T1")])

    def assertErrors(self, content, expected, name="file.xlsx"):
        """:param expected: {cell: part of the message}, all there are"""
        book = self._prepare(content, name)
        found = {error.cell: error.message for error in book.errors}
        self.assertEqual(set(found), set(expected), book.errors)
        for cell, part in expected.items():
            self.assertIn(part, found[cell])
        with self.assertRaises(UserError):
            self.importer._write(book)

    def assertRefused(self, kind, title, value, part):
        """This value is refused, at its own cell."""
        row = {"product": PRODUCT, "point": POINT, "campaign": CAMPAIGN}[kind]
        row = row | {title: value}
        letter = "ABCDEFGHIJKLMNOPQ"[list(row).index(title)]
        with self.subTest(title=title, value=value):
            self.assertErrors(
                self._workbook(**{kind: row}), {f"{TITLES[kind]}!{letter}2": part}
            )

    @contextmanager
    def assertUntouched(self):
        """No record that an import writes is created or written meanwhile."""
        tables = (
            "product_template",
            "product_product",
            "product_category",
            "product_public_category",
            "stock_quant",
            "stock_move",
            "res_partner",
            "groupbuy_pickup_point",
            "groupbuy_campaign",
            "groupbuy_offer",
            "groupbuy_tier",
        )
        self.env.flush_all()
        for table in tables:
            # In one transaction all dates are the same, so they are made older.
            self.env.cr.execute(f"UPDATE {table} SET write_date = '2020-01-01'")
        self.env.invalidate_all()
        counts = self._count_rows(tables)
        yield
        self.env.flush_all()
        self.assertEqual(self._count_rows(tables), counts)

    def _count_rows(self, tables):
        counts = {}
        for table in tables:
            self.env.cr.execute(f"SELECT count(*), max(write_date) FROM {table}")
            counts[table] = self.env.cr.fetchone()
        return counts

    # === PRODUCTS === #

    def test_product_has_all_that_its_row_says(self):
        self.assertEqual(self._import_product(), {"new": 1})
        product = self._get_product()
        self.assertEqual(product.with_context(lang="zh_CN").name, "章丘大葱")
        self.assertEqual(product.with_context(lang="zh_TW").name, "章丘大蔥")
        self.assertEqual(product.with_context(lang="en_US").name, "Zhangqiu Leeks")
        self.assertEqual(product.groupbuy_specification, "5公斤/捆")
        self.assertEqual(product.groupbuy_origin, "济南章丘")
        self.assertEqual(product.categ_id.complete_name, "蔬菜 / 葱姜蒜")
        self.assertEqual(product.public_categ_ids.display_name, "蔬菜 / 葱姜蒜")
        self.assertEqual(product.list_price, 29.8)
        self.assertEqual(product.standard_price, 18.5)
        self.assertEqual(product.taxes_id.mapped("amount"), [9.0])
        self.assertIn("葱心甜", product.description_ecommerce)
        self.assertTrue(product.is_storable and product.is_published)
        self.assertFalse(product.allow_out_of_stock_order)
        quant = product.stock_quant_ids.filtered(
            lambda quant: quant.location_id == self.warehouse.lot_stock_id
        )
        self.assertEqual(quant.quantity, 100)

    def test_same_file_twice_changes_nothing(self):
        content = self._whole()
        self._import(content)
        with self.assertUntouched():
            counts = self._import(content)
        self.assertEqual({tuple(kinds) for kinds in counts.values()}, {("unchanged",)})
        self.assertEqual(len(counts), 5)

    def test_only_the_changed_cells_of_a_product_are_written(self):
        self._import_product()
        product = self._get_product()
        product.groupbuy_origin = "Set by hand"
        row = {name: PRODUCT[name] for name in ("编码", "名称", "售价")}
        counts = self._import(self._workbook(product=row | {"售价": 31}))
        self.assertEqual(counts["product"], {"changed": 1})
        self.assertEqual(product.list_price, 31)
        self.assertEqual(product.groupbuy_origin, "Set by hand")
        self.assertEqual(product.with_context(lang="en_US").name, "Zhangqiu Leeks")

    def test_changed_text_follows_in_languages_without_translation(self):
        self._import_product(**{"Name (English)": None})
        product = self._get_product()
        self.assertEqual(product.with_context(lang="en_US").name, "章丘大葱")
        self._import_product(**{"Name (English)": None, "名称": "大葱", "描述": "甜。"})
        self.assertEqual(product.with_context(lang="en_US").name, "大葱")
        self.assertEqual(product.with_context(lang="zh_TW").name, "章丘大蔥")
        for lang in ("zh_CN", "en_US"):
            localized = product.with_context(lang=lang)
            self.assertIn("甜。", localized.description_ecommerce)
            self.assertNotIn("葱白", localized.description_ecommerce)
        with self.assertUntouched():
            counts = self._import_product(
                **{"Name (English)": None, "名称": "大葱", "描述": "甜。"}
            )
        self.assertEqual(counts, {"unchanged": 1})

    def test_sales_are_not_undone_by_the_same_stock_number(self):
        self._import_product()
        product = self._get_product()
        location = self.warehouse.lot_stock_id
        self.env["stock.quant"]._update_available_quantity(product, location, -30)
        self._import_product(售价=31)
        self.assertEqual(product.qty_available, 70)
        self._import_product(售价=31, 库存=120)
        self.assertEqual(product.qty_available, 120)
        self._import_product(售价=31, 库存=0)
        self.assertEqual(product.qty_available, 0)

    def test_zero_percent_is_no_tax_and_other_companies_keep_theirs(self):
        other = self.env["res.company"].create({"name": "Other"})
        foreign = self.tax_9.copy({"company_id": other.id, "name": "Other 9 %"})
        self._import_product()
        product = self._get_product()
        product.taxes_id |= foreign
        self._import_product(税率=0)
        self.assertEqual(product.sudo().taxes_id, foreign)
        self.assertEqual(self._import_product(税率=0), {"unchanged": 1})

    def test_category_moves_and_other_shop_categories_stay(self):
        self._import_product()
        template = self._get_product().product_tmpl_id
        special = self.env["product.public.category"].create({"name": "Specials"})
        template.public_categ_ids |= special
        self._import_product(分类="蔬菜/时鲜")
        self.assertEqual(template.categ_id.complete_name, "蔬菜 / 时鲜")
        self.assertEqual(
            set(template.public_categ_ids.mapped("display_name")),
            {"蔬菜 / 时鲜", "Specials"},
        )
        root = self.env["product.category"].search([("name", "=", "蔬菜")])
        self.assertEqual(len(root), 1, "levels are shared")

    def test_codes_that_name_no_single_product_are_refused(self):
        self._import_product()
        double = self._create_product("Double", 1, default_code="LEEK")
        content = self._workbook(product=PRODUCT)
        self.assertErrors(content, {"商品!A2": "Several products"})
        double.default_code = False
        self._get_product().product_tmpl_id.active = False
        self.assertErrors(content, {"商品!A2": "archived"})

    def test_numbers_and_texts_are_read_as_they_are_meant(self):
        self._import_product(
            编码=1001, 售价="２９．８０", 成本="18.50", 库存="１00", 税率="9%"
        )
        product = self._get_product("1001")
        self.assertEqual(product.list_price, 29.8)
        self.assertEqual(product.standard_price, 18.5)
        self.assertEqual(product.qty_available, 100)
        self.assertEqual(product.taxes_id.mapped("amount"), [9.0])

        def show_percent(workbook):
            cell = workbook["商品"]["K2"]
            cell.value, cell.number_format = 0.09, "0%"

        row = PRODUCT | {"编码": "1001"}
        book = self._prepare(self._workbook(change=show_percent, product=row))
        self.assertFalse(book.errors)
        self.assertEqual(book.rows["product"][0].values["tax"], 9)

    def test_wrong_cells_of_products_are_refused_at_their_place(self):
        for title, value, part in (
            ("编码", None, "must be filled in"),
            ("编码", "X" * 65, "at most 64"),
            ("名称", " ", "must be filled in"),
            ("名称", True, "Text is expected"),
            ("名称", "两\n行", "Line breaks"),
            ("分类", "蔬菜 / / 葱", "level of the path is empty"),
            ("售价", "很便宜", "is not a number"),
            ("售价", "1,200", "is not a number"),
            ("售价", True, "number is expected"),
            ("售价", datetime(2026, 12, 1), "number is expected"),
            ("售价", -1, "is not between"),
            ("售价", 0, "is not between"),
            ("售价", 1e12, "is not between"),
            ("售价", "NaN", "is not a number"),
            ("售价", 9.999, "two decimals"),
            ("成本", -0.01, "is not between"),
            ("库存", 1.5, "whole number"),
            ("库存", -1, "is not between"),
            ("税率", 7, "no sales tax of 7 %"),
            ("税率", 101, "is not between"),
        ):
            self.assertRefused("product", title, value, part)
        self.assertFalse(self._get_product())

    def test_error_values_and_empty_formulas_are_refused(self):
        def spoil(workbook):
            workbook["商品"]["H2"].value = "=1+1"
            workbook["商品"]["I2"].value = "#REF!"

        self.assertErrors(
            self._workbook(change=spoil, product=PRODUCT),
            {"商品!H2": "formula has no result", "商品!I2": "#REF!"},
        )

    def test_formula_counts_with_what_excel_calculated(self):
        def calculate(workbook):
            workbook["商品"]["H2"].value = "=20+13"

        source = zipfile.ZipFile(
            io.BytesIO(self._workbook(change=calculate, product=PRODUCT))
        )
        files = {name: source.read(name) for name in source.namelist()}
        sheet = "xl/worksheets/sheet1.xml"
        files[sheet], count = re.subn(
            rb"(<f>20\+13</f>)<v ?/>|(<f>20\+13</f>)<v></v>",
            rb"<f>20+13</f><v>33</v>",
            files[sheet],
        )
        self.assertEqual(count, 1)
        self._import(_zip(files))
        self.assertEqual(self._get_product().list_price, 33)

    # === PICTURES === #

    def test_picture_comes_from_the_archive_and_is_compared(self):
        content = self._workbook(product=PRODUCT | {"图片": "leek.png"})

        def pack(picture):
            return _zip({"data/file.xlsx": content, "data/pictures/leek.png": picture})

        self._import(pack(_picture()), "file.zip")
        product = self._get_product()
        self.assertTrue(product.image_1920)
        self.assertEqual(
            self._import(pack(_picture()), "file.zip")["product"], {"unchanged": 1}
        )
        before = product.image_1920
        counts = self._import(pack(_picture("blue")), "file.zip")
        self.assertEqual(counts["product"], {"changed": 1})
        self.assertNotEqual(product.image_1920, before)
        self.assertEqual(self._import(content)["product"], {"unchanged": 1})

    def test_every_product_has_its_own_picture(self):
        colors = ("red", "green", "blue")
        rows = [PRODUCT | {"编码": color, "图片": f"{color}.png"} for color in colors]
        pictures = {f"{color}.png": _picture(color) for color in colors}
        archive = _zip({"file.xlsx": self._workbook(product=rows), **pictures})
        self._import(archive, "file.zip")
        for color in colors:
            stored = base64.b64decode(self._get_product(color).image_1920)
            self.assertEqual(stored, _picture(color))
        self.assertEqual(self._import(archive, "a.zip")["product"], {"unchanged": 3})

    def test_large_picture_is_resized_once(self):
        content = self._workbook(product=PRODUCT | {"图片": "leek.jpg"})
        archive = _zip(
            {"file.xlsx": content, "leek.jpg": _picture("red", "JPEG", (2400, 300))}
        )
        self._import(archive, "file.zip")
        self.assertEqual(self._import(archive, "a.zip")["product"], {"unchanged": 1})

    def test_missing_and_broken_pictures_are_refused(self):
        for picture, part in (
            ("other.png", "There is no picture"),
            ("text.png", "is not a PNG, JPEG or WebP"),
            ("half.png", "damaged"),
            ("half.webp", "damaged"),
        ):
            content = _zip(
                {
                    "file.xlsx": self._workbook(product=PRODUCT | {"图片": picture}),
                    "pictures/text.png": b"no picture",
                    "pictures/half.png": _picture()[:20],
                    "pictures/half.webp": b"RIFF\xff\x00\x00\x00WEBPVP8 half",
                }
            )
            with self.subTest(picture=picture):
                self.assertErrors(content, {"商品!M2": part}, "file.zip")

    # === PICKUP POINTS === #

    def test_pickup_point_has_its_address_and_province(self):
        china = self.env.ref("base.cn")
        shandong = self.env.ref("base.state_cn_SD")
        self.company.write({"country_id": china.id, "state_id": shandong.id})
        content = self._workbook(point=POINT)
        self.assertEqual(self._import(content)["pickup_point"], {"new": 1})
        point = self.env["groupbuy.pickup.point"].search([("code", "=", "P1")])
        self.assertEqual(point.partner_id.street, "花园路1号")
        self.assertEqual(point.partner_id.street2, "历城区")
        self.assertEqual(point.partner_id.zip, "250100")
        self.assertEqual(point.partner_id.country_id, china)
        self.assertEqual(point.partner_id.state_id, shandong)
        self.assertEqual((point.capacity, point.route_sequence), (80, 2))
        self.assertTrue(point.location_id)
        self._import(self._workbook(point=POINT | {"名称": "西门", "省份": "江苏"}))
        self.assertEqual(point.with_context(lang="zh_CN").name, "西门")
        self.assertEqual(point.partner_id.name, "西门")
        self.assertEqual(point.partner_id.state_id, self.env.ref("base.state_cn_JS"))

    def test_wrong_cells_of_points_are_refused_at_their_place(self):
        for title, value, part in (
            ("纬度", 91, "is not between"),
            ("经度", "东", "is not a number"),
            ("容量", -5, "is not between"),
            ("地址", None, "must be filled in"),
        ):
            self.assertRefused("point", title, value, part)
        content = self._workbook(point=POINT | {"省份": "亚特兰蒂斯"})
        self.assertErrors(content, {"自提点!N2": "no province"})

    # === CAMPAIGNS === #

    @freeze_time("2026-12-01 18:00:00")  # the 2nd in Shanghai
    def test_relative_times_are_resolved_in_shanghai_and_once(self):
        self._import(self._whole())
        campaign = self._get_campaign()
        self.assertEqual(campaign.date_open, datetime(2026, 12, 1, 0, 0))
        self.assertEqual(campaign.date_close, datetime(2026, 12, 5, 12, 0))
        self.assertEqual(campaign.pickup_date, datetime(2026, 12, 7, 2, 0))
        self.assertEqual(campaign.state, "open")
        with self._later(days=1), self.assertUntouched():
            counts = self._import(self._whole())
        self.assertEqual(counts["campaign"], {"unchanged": 1})

    def test_campaign_has_all_that_its_rows_say(self):
        self._import(self._whole())
        campaign = self._get_campaign()
        self.assertEqual(campaign.with_context(lang="zh_CN").name, "冬储大葱")
        self.assertIn("立冬", campaign.description)
        self.assertEqual((campaign.goal_type, campaign.goal_value), ("quantity", 60))
        self.assertEqual(
            (campaign.on_failure, campaign.extension_hours), ("extend", 12)
        )
        self.assertEqual(campaign.pickup_point_ids.code, "P1")
        self.assertEqual(campaign.recurrence, "weekly")
        self.assertFalse(campaign.close_when_full)
        offer = campaign.offer_ids
        self.assertEqual(offer.product_id, self._get_product())
        self.assertEqual(
            (offer.base_price, offer.quota, offer.min_quantity, offer.pack_size),
            (28.8, 200, 10, 2),
        )
        self.assertEqual((offer.max_per_order, offer.max_per_resident), (20, 0))
        self.assertEqual(
            [(tier.min_quantity, tier.price) for tier in offer.tier_ids],
            [(20, 26.8), (60, 24.9)],
        )

    def test_draft_is_changed_and_published_by_its_rows(self):
        self._import(self._whole(campaign={"状态": "草稿"}))
        campaign = self._get_campaign()
        self.assertEqual(campaign.state, "draft")
        counts = self._import(
            self._whole(
                campaign={"名称": "新名", "目标类型": "无", "目标值": None},
                offer={"团购价": 27.8},
                tier=TIERS[1:],
            )
        )
        self.assertEqual(counts["campaign"], {"changed": 1})
        self.assertEqual(counts["offer"], {"changed": 1})
        self.assertEqual(campaign.with_context(lang="zh_CN").name, "新名")
        self.assertEqual(campaign.offer_ids.base_price, 27.8)
        self.assertEqual(campaign.offer_ids.tier_ids.mapped("min_quantity"), [60])
        self.assertEqual(campaign.state, "open")

    def test_absolute_times_of_a_draft_are_changed(self):
        dates = {"开团时间": "2030-01-01 08:00", "截团时间": "2030/1/3 20:00"}
        pickup = {"自提日期": datetime(2030, 1, 4, 10), "自提截止": None}
        row = dates | pickup | {"状态": "草稿"}
        self._import(self._whole(campaign=row))
        campaign = self._get_campaign()
        self.assertEqual(campaign.date_close, datetime(2030, 1, 3, 12, 0))
        self.assertEqual(campaign.pickup_date, datetime(2030, 1, 4, 2, 0))
        self._import(self._whole(campaign=row | {"截团时间": "2030-01-03 18:00"}))
        self.assertEqual(campaign.date_close, datetime(2030, 1, 3, 10, 0))

    def test_open_campaign_is_never_changed(self):
        self._import(self._whole())
        with self.assertUntouched():
            self.assertErrors(
                self._whole(
                    campaign={"目标值": 50},
                    offer={"限量": 300},
                    tier=[TIERS[0], TIERS[1] | {"价格": 23.9}],
                ),
                {
                    "团购!G2": "cannot be changed",
                    "团购商品!D2": "cannot be changed",
                    "阶梯价!D3": "cannot be changed",
                },
            )
            self.assertErrors(
                self._whole(tier=TIERS[:1]), {"团购商品!B2": "cannot be changed"}
            )

    def test_a_new_product_joins_no_open_campaign(self):
        self._import(self._whole())
        content = self._workbook(
            product=[PRODUCT, PRODUCT | {"编码": "NEW"}],
            campaign=CAMPAIGN,
            offer=[OFFER, OFFER | {"商品编码": "NEW"}],
            point=POINT,
            tier=TIERS,
        )
        book = self._prepare(content)
        self.assertIn("团购商品!B3", {error.cell for error in book.errors})
        self.assertEqual(len(self._get_campaign().offer_ids), 1)

    def test_wrong_cells_of_campaigns_are_refused_at_their_place(self):
        for title, value, part in (
            ("开团时间", "明年", "is not a date"),
            ("开团时间", "2026-02-30 08:00", "is not a date"),
            ("开团时间", "今天+3 25:00", "is not a date"),
            ("开团时间", 46000.5, "is not a date"),
            ("截团时间", "今天-2 08:00", "must close after"),
            ("自提日期", "今天+1 08:00", "before the campaign closes"),
            ("自提截止", "今天+4 08:00", "before the first"),
            ("目标类型", "重量", "is not one of"),
            ("目标值", None, "must be positive"),
            ("目标值", 2.5, "whole number"),
            ("延长小时", 0, "1 to 720 hours"),
            ("自提点", "P1、P9", "no pickup point P1, P9"),
            ("每周重复", "也许", "is not one of"),
            ("状态", "发布", "needs at least one product"),
        ):
            row = {} if title in ("自提点",) else {"自提点": None}
            if title != "状态":
                row["状态"] = "草稿"
            with patch.dict(CAMPAIGN, row):
                self.assertRefused("campaign", title, value, part)

    def test_campaign_that_is_over_is_not_published(self):
        past = {
            "开团时间": "2020-01-01 08:00",
            "截团时间": "2020-01-02 08:00",
        }
        self.assertErrors(self._whole(campaign=past), {"团购!E2": "has passed"})

    def test_wrong_offers_and_tiers_are_refused_at_their_place(self):
        for changes, expected in (
            (
                {"offer": {"商品编码": "NONE"}},
                {"团购商品!B2", "阶梯价!B2", "阶梯价!B3"},
            ),
            ({"offer": {"团购价": 30}}, {"团购商品!C2"}),
            ({"offer": {"最低成团件数": 300}}, {"团购商品!E2"}),
            ({"offer": {"每份件数": 30}}, {"团购商品!G2"}),
            ({"tier": [TIERS[0], TIERS[1] | {"价格": 26.8}]}, {"阶梯价!D3"}),
            ({"tier": [TIERS[0] | {"满件数": 1}]}, {"阶梯价!C2"}),
            ({"tier": [TIERS[0] | {"满件数": 300}]}, {"阶梯价!C2"}),
            ({"tier": [TIERS[0], TIERS[0]]}, {"阶梯价!C3"}),
            ({"campaign": {"编码": "T2"}}, {"团购商品!A2"}),
        ):
            with self.subTest(changes=changes):
                book = self._prepare(self._whole(**changes))
                # A campaign that loses its offers cannot be published either.
                cells = {error.cell for error in book.errors} - {"团购!O2"}
                self.assertEqual(cells, expected, book.errors)

    # === NOTHING HALF-IMPORTED === #

    def test_one_wrong_cell_keeps_everything_out(self):
        self.assertErrors(
            self._whole(tier=[TIERS[0] | {"价格": -1}]), {"阶梯价!D2": "is not between"}
        )
        self.assertFalse(self._get_product())
        self.assertFalse(self._get_campaign())

    def test_failure_while_writing_leaves_nothing(self):
        book = self._prepare(self._whole())
        model = self.env.registry["groupbuy.campaign"]
        with (
            patch.object(model, "action_publish", side_effect=UserError("no")),
            self.assertRaises(UserError),
        ):
            self.importer._write(book)
        self.env.invalidate_all()
        self.assertFalse(self._get_product())
        self.assertFalse(self._get_campaign())

    def test_double_codes_are_refused(self):
        self.assertErrors(
            self._workbook(product=[PRODUCT, PRODUCT | {"编码": "Ｌeek".upper()}]),
            {"商品!A3": "is already in 商品!A2"},
        )

    # === FILES AND TITLES === #

    def test_titles_are_known_in_english_and_traditional_chinese(self):
        for title, titles in (
            ("Products", ("code", "NAME", "price", "tax (%)")),
            ("商品", ("編碼", "名稱", "售價", "稅率")),
        ):
            code = f"LEEK-{title}"
            row = dict(zip(titles, (code, "大葱", 12.5, 13), strict=True))
            self._import(self._workbook(**{title: row}))
            self.assertEqual(self._get_product(code).list_price, 12.5)
            self.assertEqual(self._get_product(code).taxes_id.mapped("amount"), [13])

    def test_wrong_titles_are_refused(self):
        row = {name: PRODUCT[name] for name in ("编码", "名称")}
        self.assertErrors(
            self._workbook(product=row | {"颜色": "绿", "名稱": "葱"}),
            {"商品!C1": "unknown", "商品!D1": "twice", "商品!1": "“Price” is missing"},
        )
        self.assertErrors(
            self._workbook(product=PRODUCT, 商品2=[PRODUCT, PRODUCT]),
            {"商品2": "This sheet is unknown"},
        )

        def add_cells(workbook):
            worksheet = workbook["商品"]
            worksheet["Z2"].value = "lost"
            worksheet.merge_cells("A3:B4")

        self.assertErrors(
            self._workbook(change=add_cells, product=PRODUCT),
            {"商品!Z2": "no title", "商品!A3:B4": "merged"},
        )

    def test_files_that_are_no_workbooks_are_refused(self):
        traversal = _zip({"../../etc/passwd.xlsx": b"x"})
        for name, content, part in (
            ("file.xlsx", b"", "neither an Excel workbook"),
            ("file.xlsx", b"\xd0\xcf\x11\xe0 old Excel", "neither an Excel workbook"),
            ("file.xlsx", _zip({"[Content_Types].xml": b"<x/>"}), "damaged"),
            ("file.zip", _zip({"readme.txt": b"x"}), "no Excel workbook"),
            ("file.zip", traversal, "leads out of it"),
            ("file.zip", _zip({"old.xls": b"x"}), "Save this file"),
        ):
            book = self._prepare(content, name)
            with self.subTest(part=part):
                self.assertIn(part, book.errors[0].message)
                self.assertRaises(UserError, self.importer._write, book)

    def test_bombs_are_not_unpacked(self):
        bomb = _zip({"file.xlsx": b"0" * 2000})
        with patch.object(groupbuy_import_file, "MAX_BYTES", 1000):
            self.assertErrors(bomb, {"": "over 100 MB"}, "file.zip")
        many = [PRODUCT | {"编码": f"C{number}"} for number in range(4)]
        with patch.object(groupbuy_import_file, "MAX_ROWS", 3):
            self.assertErrors(
                self._workbook(product=many), {"商品": "more than 20,000 rows"}
            )

    def test_file_names_packed_by_chinese_windows_are_read(self):
        name = "大葱.png".encode("gb18030").decode("cp437")
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(
                "file.xlsx", self._workbook(product=PRODUCT | {"图片": "大葱.png"})
            )
            info = zipfile.ZipInfo("pictures/x.png")
            # As written by an archiver that knows no UTF-8 flag.
            with patch.object(
                zipfile.ZipInfo,
                "_encodeFilenameFlags",
                lambda info: (
                    info.filename.encode("cp437" if info is named else "ascii"),
                    0,
                ),
            ):
                info.filename = f"pictures/{name}"
                named = info
                archive.writestr(info, _picture())
                archive.close()
        self._import(stream.getvalue(), "file.zip")
        self.assertTrue(self._get_product().image_1920)

    # === RIGHTS, WIZARD, TEMPLATE === #

    def test_only_administrators_of_group_buys_import(self):
        operator = new_test_user(
            self.env, "gb_operator", groups="community_groupbuy.group_operator"
        )
        manager = new_test_user(
            self.env, "gb_manager", groups="community_groupbuy.group_manager"
        )
        content = self._whole()
        with self.assertRaises(AccessError):
            self.importer.with_user(operator)._prepare("file.xlsx", content)
        importer = self.importer.with_user(manager)
        importer._write(importer._prepare("file.xlsx", content))
        self.assertEqual(self._get_product().qty_available, 100)

    def test_folders_of_the_server_cannot_be_read_by_rpc(self):
        with self.assertRaises(AccessError):
            get_public_method(self.importer, "load_folder")

    def test_wizard_shows_what_it_would_do_and_does_it(self):
        wizard = self.env["groupbuy.import.wizard"].create(
            {"file": base64.b64encode(self._whole()), "file_name": "file.xlsx"}
        )
        wizard.action_preview()
        self.assertEqual(wizard.state, "preview")
        self.assertEqual(wizard.line_ids.mapped("new"), [1, 1, 1, 1, 2])
        self.assertFalse(self._get_product(), "a preview imports nothing")
        wizard.action_import()
        self.assertEqual(wizard.state, "done")
        self.assertTrue(self._get_campaign())
        wizard.action_back()
        wizard.file = base64.b64encode(self._whole(product={"售价": -1}))
        wizard.action_import()
        self.assertEqual(wizard.state, "preview")
        self.assertEqual(wizard.error_ids.cell, "商品!H2")

    def test_template_is_read_by_the_import_in_every_language(self):
        for lang in ("zh_CN", "zh_TW", "en_US"):
            importer = self.importer.with_context(lang=lang)
            content = importer._get_template()
            workbook = load_workbook(io.BytesIO(content))
            self.assertEqual(len(workbook.sheetnames), 6)
            self.assertGreater(workbook.worksheets[-1].max_row, 50)
            book = importer._prepare("file.xlsx", content)
            self.assertFalse(book.errors)
            self.assertFalse(any(book.rows.values()))

    def test_error_messages_name_file_and_cell(self):
        book = self._prepare(self._workbook(product=PRODUCT | {"售价": -1}))
        with self.assertRaisesRegex(
            UserError, r"file\.xlsx 商品!H2: -1 is not between"
        ):
            self.importer._write(book)
