from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import MerchantCommon, pdf, picture


@tagged("post_install", "-at_install")
class TestProduct(MerchantCommon):
    def test_a_product_is_the_merchants_and_goes_out_of_stock(self):
        template = self.apple.product_tmpl_id
        self.assertEqual(template.groupbuy_merchant_id, self.farm)
        self.assertTrue(template.is_storable)
        self.assertFalse(template.allow_out_of_stock_order)
        self.assertEqual(template.standard_price, 6)
        self.assertEqual(template.public_categ_ids, self.category)
        self.assertEqual(self.apple.qty_available, 1000)

    def test_stock_is_the_merchants_own(self):
        self._save(self.mia, {"stock_change": 5}, self.apple)
        self._save(self.mia, {"stock_change": -105}, self.apple)
        quants = self.env["stock.quant"].search(
            [("product_id", "=", self.apple.id), ("location_id.usage", "=", "internal")]
        )
        self.assertEqual(quants.owner_id, self.farm.partner_id)
        self.assertEqual(sum(quants.mapped("quantity")), 900)
        with self.assertRaisesRegex(UserError, "900"):
            self._save(self.mia, {"stock_change": -901}, self.apple)

    def test_malformed_input_is_refused(self):
        save = self.merchants.with_user(self.mia).save_product
        good = self._product_values("Pears")
        for bad in (
            None,
            [],
            {},
            {**good, "name": ""},
            {**good, "name": " "},
            {**good, "name": 7},
            {**good, "name": "x" * 101},
            {**good, "name": "a\0"},
            {**good, "description": "x" * 5001},
            {**good, "price": 0},
            {**good, "price": -1},
            {**good, "price": "10"},
            {**good, "price": True},
            {**good, "price": float("nan")},
            {**good, "price": float("inf")},
            {**good, "price": 10**7},
            {**good, "cost": -0.01},
            {**good, "category_id": "1"},
            {**good, "category_id": 2**40},
            {**good, "category_id": 0},
            {**good, "category_id": True},
            {**good, "stock_change": 1.5},
            {**good, "stock_change": -1},
            {**good, "stock_change": 10**9},
            {**good, "image": "no base64!"},
            {**good, "image": pdf()},
            {**good, "image": "A" * 8_000_000},
            {**good, "image": None},
            {**good, "groupbuy_reviewed": True},
            {**good, "is_published": True},
            {**good, "groupbuy_merchant_id": self.mill.id},
        ):
            with self.subTest(bad=str(bad)[-60:]), self.assertRaises(UserError):
                with self.env.cr.savepoint():
                    save(bad)

    def test_what_is_written_is_text(self):
        text = "<script>alert(1)</script> & <b>bold</b>"
        pear = self._save(self.mia, self._product_values("Pears", description=text))
        self.assertNotIn("<script", pear.description_ecommerce)
        content = pear.product_tmpl_id._groupbuy_get_content()
        self.assertEqual(content["description"], text)

    def test_approved_goods_are_taken_off_sale_and_put_back(self):
        publish = self.merchants.with_user(self.staff).publish_product
        template = self.apple.product_tmpl_id
        self.assertEqual(publish(template.id, False)["status"], "unpublished")
        self.assertTrue(template.groupbuy_withheld)
        self.assertEqual(publish(template.id, True)["status"], "live")
        for bad in (None, 1, "x"):
            with self.assertRaises(UserError):
                publish(template.id, bad)
        pear = self._save(self.mia, self._product_values("Pears"))
        with self.assertRaisesRegex(UserError, "reviewed first"):
            publish(pear.product_tmpl_id.id, True)

    def test_only_those_who_sell_write(self):
        values = {"image": picture("red")}
        for user in (self.book, self.ann, self.operator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._save(user, values, self.apple)
        self._save(self.staff, values, self.apple)
        self._suspend(self.farm)
        for user in (self.mia, self.staff):
            with self.assertRaisesRegex(UserError, "cannot sell"):
                self._save(user, values, self.apple)
