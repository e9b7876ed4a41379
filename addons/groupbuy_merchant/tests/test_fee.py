from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import MerchantCommon


@tagged("post_install", "-at_install")
class TestFee(MerchantCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        categories = cls.env["product.public.category"]
        cls.child = categories.create({"name": "Apples", "parent_id": cls.category.id})
        cls.other = categories.create({"name": "Bread"})

    def _rule(self, rate, **vals):
        return self.env["groupbuy.fee.rule"].create({"rate": rate, **vals})

    def _get_rate(self, product=None):
        template = (product or self.apple).product_tmpl_id
        return self.env["groupbuy.fee.rule"]._get_rates(template)[template]

    def test_the_closest_rule_counts(self):
        self.apple.public_categ_ids = self.child
        self.assertEqual(self._get_rate(), 5)
        for rate, vals in (
            (6, {}),
            (7, {"category_id": self.category.id}),
            (8, {"category_id": self.child.id}),
            (9, {"merchant_id": self.farm.id}),
            (10, {"merchant_id": self.farm.id, "category_id": self.category.id}),
            (0, {"merchant_id": self.farm.id, "category_id": self.child.id}),
        ):
            self._rule(rate, **vals)
            self._rule(50, **{**vals, "merchant_id": self.mill.id})
            self._rule(60, **{**vals, "category_id": self.other.id})
            self.assertEqual(self._get_rate(), rate, vals)

    def test_rules_have_their_days(self):
        today = self.company._get_groupbuy_date()
        day = timedelta(days=1)
        self._rule(20, date_from=today + day)
        self._rule(30, date_from=today - 2 * day, date_to=today - day)
        self.assertEqual(self._get_rate(), 5)
        self._rule(7, date_from=today - day, date_to=today)
        self.assertEqual(self._get_rate(), 7)
        self._rule(8, date_from=today)
        self.assertEqual(self._get_rate(), 8)

    def test_rules_of_other_companies_do_not_count(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self._rule(40, company_id=company.id)
        self.assertEqual(self._get_rate(), 5)

    def test_an_order_keeps_its_fee_and_its_merchant(self):
        campaign = self._create_campaign(self._offer(self.apple, 10))
        order = self._buy(campaign, self.ann, 3)
        line = order.order_line
        self.assertEqual((line.groupbuy_merchant_id, line.groupbuy_fee_rate),
                         (self.farm, 5))  # fmt: skip
        self._rule(30, merchant_id=self.farm.id)
        self.company.groupbuy_merchant_fee = 40
        self._close(campaign)
        self.assertEqual(line.groupbuy_fee_rate, 5)
        later = self._create_campaign(self._offer(self.apple, 10))
        self.assertEqual(self._buy(later, self.ann, 1).order_line.groupbuy_fee_rate, 30)

    def test_the_platforms_own_goods_have_no_fee(self):
        campaign = self._create_campaign(self._example())
        line = self._buy(campaign, self.ann, 3).order_line
        self.assertFalse(line.groupbuy_merchant_id)
        self.assertEqual(line.groupbuy_fee_rate, 0)

    def test_only_administrators_set_fees(self):
        with self.assertRaises(AccessError):
            self.env["groupbuy.fee.rule"].with_user(self.operator).create({"rate": 1})
