from odoo import fields
from odoo.tests import tagged

from .common import MerchantCommon


@tagged("post_install", "-at_install")
class TestSplit(MerchantCommon):
    """Whose the money of an order is, worked out by hand to the fen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.cr.execute("UPDATE sale_order SET groupbuy_split_due = FALSE")
        cls.env["groupbuy.fee.rule"].create({"rate": 7.5, "merchant_id": cls.mill.id})
        cls.platform = cls.company.partner_id

    def _split(self):
        self._run_cron("groupbuy_payment.split_cron")

    def _receive_mixed(self, quantities=None, code=None):
        """Own leeks at 10, the farm's apples at 9.99, the mill's flour at 20.03."""
        quantities = quantities or {self.leek: 2, self.apple: 3, self.flour: 1}
        campaign = self._create_campaign(
            self._offer(self.leek, 10),
            self._offer(self.apple, 9.99),
            self._offer(self.flour, 20.03),
        )
        order = self._buy(campaign, self.ann, quantities, code=code)
        self._close(campaign)
        self._hand_over(order)
        self._split()
        return order

    def _get_shares(self, order):
        """:return: {(product or none, payee, kind): amount}, without zeros"""
        shares = {}
        for entry in self.env["groupbuy.ledger.entry"].search(
            [("order_id", "=", order.id)]
        ):
            line = entry.sale_line_id
            product = line.product_id if line._is_groupbuy_goods() else None
            key = (product, entry.payee_id, entry.kind)
            shares[key] = round(shares.get(key, 0) + entry.amount, 2)
        return {key: amount for key, amount in shares.items() if amount}

    def assertShared(self, order):
        entries = self.env["groupbuy.ledger.entry"].search(
            [("order_id", "=", order.id)]
        )
        for line in order.order_line:
            own = entries.filtered(lambda entry, line=line: entry.sale_line_id == line)
            self.assertAlmostEqual(sum(own.mapped("amount")), line.price_total, 6)
        self.assertAlmostEqual(sum(entries.mapped("amount")), order.amount_total, 6)

    def test_own_goods_and_two_merchants_in_one_order(self):
        """Leeks 20.00; apples 29.97, 5 % of it is 1.4985; flour 20.03, 7.5 % of it is
        1.50225."""
        order = self._receive_mixed()
        farm, mill = self.farm.partner_id, self.mill.partner_id
        self.assertEqual(
            self._get_shares(order),
            {
                (self.leek, self.platform, "goods"): 20.00,
                (self.apple, self.platform, "fee"): 1.50,
                (self.apple, farm, "goods"): 28.47,
                (self.flour, self.platform, "fee"): 1.50,
                (self.flour, mill, "goods"): 18.53,
            },
        )
        self.assertShared(order)

    def test_a_partial_refund_takes_back_its_part(self):
        """One of three apples: 19.98 is left, 5 % of it is 0.999."""
        order = self._receive_mixed()
        claim = self._claim(order, self.apple, 1)
        self._decide(claim, decision="refund")
        self._split()
        shares = self._get_shares(order)
        self.assertEqual(shares[self.apple, self.platform, "fee"], 1.00)
        self.assertEqual(shares[self.apple, self.farm.partner_id, "goods"], 18.98)
        self.assertEqual(shares[self.flour, self.mill.partner_id, "goods"], 18.53)
        self.assertShared(order)

    def test_a_fee_that_changes_later_changes_no_refund(self):
        order = self._receive_mixed()
        self.company.groupbuy_merchant_fee = 50
        self._suspend(self.farm)
        claim = self._claim(order, self.apple, 3)
        self._decide(claim, decision="refund")
        self._split()
        shares = self._get_shares(order)
        self.assertNotIn((self.apple, self.farm.partner_id, "goods"), shares)
        self.assertNotIn((self.apple, self.platform, "fee"), shares)
        self.assertShared(order)

    def test_an_allowance_is_the_merchants(self):
        """5.00 back on apples: 24.97 is the base, 5 % of it is 1.2485."""
        order = self._receive_mixed()
        claim = self._claim(order, self.apple, 1)
        self._decide(claim, decision="allowance", allowance_amount=5)
        self._split()
        shares = self._get_shares(order)
        farm = self.farm.partner_id
        self.assertEqual(shares[self.apple, self.platform, "fee"], 1.25)
        self.assertEqual(shares[self.apple, farm, "goods"], 28.72)
        self.assertEqual(shares[None, farm, "allowance"], -5)
        self.assertShared(order)

    def test_a_coupon_of_the_platform_costs_no_merchant_anything(self):
        """10 % of 70.00 is 7.00, the platform's; fees are reckoned on full prices."""
        self._create_coupon_program("TEN", discount=10)
        order = self._receive_mixed(code="TEN")
        shares = self._get_shares(order)
        self.assertEqual(shares[self.apple, self.farm.partner_id, "goods"], 28.47)
        self.assertEqual(shares[self.flour, self.mill.partner_id, "goods"], 18.53)
        discount = sum(
            amount for (_p, payee, kind), amount in shares.items()
            if kind == "discount" and payee == self.platform
        )  # fmt: skip
        self.assertEqual(round(discount, 2), -7.00)
        self.assertShared(order)

    def test_a_coupon_of_the_sellers_is_theirs_in_proportion(self):
        """10 % of 20.00, 29.97 and 20.03: 2.00, 3.00 and 2.00. Fees on what is left:
        5 % of 26.97 is 1.3485, 7.5 % of 18.03 is 1.35225."""
        program = self._create_coupon_program("TEN", discount=10)
        program.groupbuy_bearer = "owner"
        order = self._receive_mixed(code="TEN")
        shares = self._get_shares(order)
        farm, mill = self.farm.partner_id, self.mill.partner_id
        self.assertEqual(shares[self.apple, self.platform, "fee"], 1.35)
        self.assertEqual(shares[self.flour, self.platform, "fee"], 1.35)
        self.assertEqual(shares[self.apple, farm, "goods"], 28.62)
        self.assertEqual(shares[self.flour, mill, "goods"], 18.68)
        self.assertEqual(shares[None, farm, "discount"], -3.00)
        self.assertEqual(shares[None, mill, "discount"], -2.00)
        self.assertEqual(shares[None, self.platform, "discount"], -2.00)
        self.assertShared(order)

    def test_the_merchant_is_settled_and_paid_out(self):
        """28.47 of the apples, less nothing: settled, on a bill, withdrawn."""
        self.company.groupbuy_claim_days = 0
        self._receive_mixed()
        today = self.company._get_groupbuy_date()
        partner = self.farm.partner_id
        self.env["groupbuy.settlement"]._settle(self.company, today, partner, 0)
        money = self.mia.partner_id.with_user(self.mia)
        self.assertFalse(money._groupbuy_is_payee(self.company))
        payee = self.mia._groupbuy_get_payee()
        self.assertEqual(payee, partner)
        self.assertEqual(payee._groupbuy_get_money(self.company)["available"], 28.47)
        account = self.farm.account_ids
        account.with_user(self.operator).action_check()
        answer = (
            self.env["groupbuy.payout"].with_user(self.mia).request(28.47, account.id)
        )
        payout = self.env["groupbuy.payout"].browse(answer["payout_id"])
        self.assertEqual((payout.payee_id, payout.amount), (partner, 28.47))
        self.assertEqual(payee._groupbuy_get_money(self.company)["available"], 0)

    def test_goods_of_the_merchant_go_the_whole_way(self):
        """From the merchant's own stock to the resident: no piece appears or vanishes,
        and none changes hands in the books on the way."""
        self._receive_mixed()
        quants = self.env["stock.quant"].search([("product_id", "=", self.apple.id)])
        by_usage = {}
        for quant in quants:
            usage = quant.location_id.usage
            by_usage[usage] = by_usage.get(usage, 0) + quant.quantity
            if usage == "internal":
                self.assertGreaterEqual(quant.quantity, 0)
        self.assertEqual((by_usage["internal"], by_usage["customer"]), (997, 3))

    # === FIGURES === #

    def test_figures_by_product(self):
        """Three apples at 9.99 of which one comes back: 19.98 of sales, 1.00 of fee,
        18.98 for the farm, whose two apples cost 6.00 each."""
        order = self._receive_mixed()
        self._decide(self._claim(order, self.apple, 1), decision="refund")
        self._split()
        [row] = self.farm._prepare_figures()["rows"]
        self.assertEqual(
            row,
            {
                "product": "Apples",
                "pieces": 2,
                "sales": 19.98,
                "refunded": 9.99,
                "fee": 1.00,
                "other": 0,
                "share": 18.98,
                "cost": 12,
                "profit": 6.98,
            },
        )
        self.assertEqual(self.farm._prepare_figures("all")["total"]["share"], 18.98)
        self.assertEqual(self.mill._prepare_figures()["total"]["share"], 18.53)

    def test_allowances_are_in_the_figures(self):
        order = self._receive_mixed()
        claim = self._claim(order, self.apple, 1)
        self._decide(claim, decision="allowance", allowance_amount=5)
        self._split()
        total = self.farm._prepare_figures()["total"]
        self.assertEqual((total["sales"], total["share"], total["fee"]),
                         (24.97, 23.72, 1.25))  # fmt: skip

    def test_figures_are_of_a_period_where_the_company_works(self):
        order = self._receive_mixed()
        today = self.company._get_groupbuy_date()
        first = fields.Datetime.to_datetime(today.replace(day=1))
        # The first minute of the month in Shanghai is on the day before in UTC.
        order.groupbuy_received_at = fields.Datetime.subtract(first, hours=8)
        self.assertTrue(self.farm._prepare_figures("month")["rows"])
        self.assertFalse(self.farm._prepare_figures("last_month")["rows"])
        order.groupbuy_received_at = fields.Datetime.subtract(first, hours=8, seconds=1)
        self.assertFalse(self.farm._prepare_figures("month")["rows"])
        self.assertTrue(self.farm._prepare_figures("last_month")["rows"])
        self.assertEqual(self.farm._prepare_figures("x' OR 1")["period"], "month")
