from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..models.sale_order_line_bearer import apportion
from .ledger_common import LedgerCommon


@tagged("post_install", "-at_install")
class TestApportion(BaseCase):
    @settings(max_examples=2000, deadline=None)
    @given(
        st.integers(-(10**10), 10**10),
        st.lists(st.integers(0, 10**8), min_size=1, max_size=8),
    )
    def test_parts_add_up_and_are_near_their_share(self, total, weights):
        parts = apportion(total, dict(enumerate(weights)))
        whole = sum(weights)
        if not whole:
            self.assertEqual(parts, {})
            return
        self.assertEqual(sum(parts.values()), total)
        for key, weight in enumerate(weights):
            self.assertLess(abs(parts[key] * whole - total * weight), whole)
            if not weight:
                self.assertEqual(parts[key], 0)

    def test_units_that_are_left_go_to_the_largest_remainders(self):
        self.assertEqual(
            apportion(10, {"a": 1, "b": 1, "c": 1}), {"a": 4, "b": 3, "c": 3}
        )
        self.assertEqual(apportion(-10, {"a": 1, "b": 2}), {"a": -3, "b": -7})
        self.assertEqual(apportion(-5, {"a": 0, "b": 0}), {})


@tagged("post_install", "-at_install")
class TestBearer(LedgerCommon):
    """Leeks are Green Farm's, carrots are Red Farm's, ginger is the platform's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.carrot = cls._create_product("Carrots", 10)
        cls.cabbage = cls._create_product("Cabbages", 10)
        for product in (cls.carrot, cls.cabbage):
            cls.env["stock.quant"]._update_available_quantity(
                product, cls.warehouse.lot_stock_id, 1000
            )
        cls.red_farm = cls.env["res.partner"].create({"name": "Red Farm"})
        cls.owners.update({cls.leek: cls.merchant, cls.carrot: cls.red_farm})

    @classmethod
    def _set_up_shares(cls):
        owners = cls.owners = {}

        def get_owner(lines):
            return {
                line: (owners[line.product_id], "merchant")
                if line.product_id in owners
                else (line.company_id.partner_id, "platform")
                for line in lines
            }

        cls.classPatch(
            cls.env.registry["sale.order.line"], "_groupbuy_owner", get_owner
        )

    def _create_coupon(self, bearer="owner", **reward):
        program = self._create_coupon_program("OFF", **reward)
        program.groupbuy_bearer = bearer
        return program

    def _receive_with_coupon(self, quantities):
        campaign = self._create_campaign(
            self._offer(self.leek, 10),
            self._offer(self.ginger, 20),
            self._offer(self.carrot, 10),
            self._offer(self.cabbage, 10),
        )
        order = self._buy(campaign, self.ann, quantities, code="OFF", point=self.point)
        self._close(campaign)
        self._hand_over(order)
        self._split()
        self.assertShared(order)
        return order

    def _get_discount(self, payee, role="merchant"):
        return self._get_balance(payee, role, kind="discount")

    def test_whoever_sells_the_goods_bears_a_coupon(self):
        """10 % off 50.00 and 40.00: 5.00 for the farm, 4.00 for the platform."""
        self._create_coupon(discount=10)
        self._receive_with_coupon({self.leek: 5, self.ginger: 2})
        self.assertEqual(self._get_balance(self.merchant), 45)
        self.assertEqual(self._get_discount(self.merchant), -5)
        self.assertEqual(self._get_discount(self.company.partner_id, "platform"), -4)

    def test_the_platform_bears_a_coupon_unless_its_program_says_otherwise(self):
        self._create_coupon_program("OFF", discount=10)
        self._receive_with_coupon({self.leek: 5, self.ginger: 2})
        self.assertEqual(self._get_balance(self.merchant), 50)
        self.assertEqual(self._get_discount(self.company.partner_id, "platform"), -9)

    def test_a_fixed_amount_is_divided_to_the_fen(self):
        """10.00 off three times 10.00: 3.34, 3.33 and 3.33."""
        self._create_coupon(discount=10, discount_mode="per_order")
        self._receive_with_coupon({self.leek: 1, self.carrot: 1, self.cabbage: 1})
        self.assertEqual(self._get_discount(self.merchant), -3.34)
        self.assertEqual(self._get_discount(self.red_farm), -3.33)
        self.assertEqual(self._get_discount(self.company.partner_id, "platform"), -3.33)

    def test_a_coupon_for_some_goods_is_borne_by_whose_those_are(self):
        self._create_coupon(
            discount=7,
            discount_mode="per_order",
            discount_applicability="specific",
            discount_product_ids=self.leek.ids,
        )
        self._receive_with_coupon({self.leek: 2, self.carrot: 2})
        self.assertEqual(self._get_balance(self.merchant), 13)
        self.assertEqual(self._get_balance(self.red_farm), 20)

    def test_the_cheapest_is_discounted_at_its_sellers_cost(self):
        self._create_coupon(discount=50, discount_applicability="cheapest")
        self.owners[self.ginger] = self.red_farm
        self.addCleanup(self.owners.pop, self.ginger)
        self._receive_with_coupon({self.leek: 1, self.ginger: 1})
        self.assertEqual(self._get_balance(self.merchant), 5)
        self.assertEqual(self._get_balance(self.red_farm), 20)

    def test_a_refund_takes_its_part_of_the_discount_back(self):
        self._create_coupon(discount=10)
        order = self._receive_with_coupon({self.leek: 5, self.ginger: 2})
        claim = self._claim(order, self.leek, 2)
        self._decide(claim, decision="refund")
        self._split()
        self.assertEqual(self._get_balance(self.merchant), 27)
        self.assertEqual(self._get_discount(self.merchant), -3)
        self.assertShared(order)

    def test_a_full_refund_leaves_no_discount(self):
        self._create_coupon(discount=10, discount_mode="per_order")
        order = self._receive_with_coupon({self.leek: 1, self.carrot: 2})
        claim = self._submit(
            order, self._wish(order, self.leek, 1), self._wish(order, self.carrot, 2)
        )
        self._decide(claim, decision="refund")
        self._split()
        for payee in (self.merchant, self.red_farm):
            self.assertEqual(self._get_balance(payee), 0)
            self.assertEqual(self._get_discount(payee), 0)
        self.assertShared(order)

    def test_a_program_that_changes_its_mind_changes_no_order(self):
        program = self._create_coupon(discount=10)
        order = self._receive_with_coupon({self.leek: 5})
        program.groupbuy_bearer = "platform"
        order.groupbuy_split_due = True
        self._split()
        self.assertEqual(self._get_balance(self.merchant), 45)
        self.assertEqual(order.order_line.mapped("groupbuy_bearer"), [False, "owner"])

    def test_fees_and_commission_are_reckoned_on_what_is_left(self):
        for bearer, base in (("owner", 45), ("platform", 50)):
            with self.subTest(bearer=bearer):
                program = self._create_coupon(bearer, discount=10)
                order = self._receive_with_coupon({self.leek: 5})
                line = self._get_line(order, self.leek)
                self.assertEqual(line._groupbuy_get_bases()[line], base)
                self.assertEqual(line._groupbuy_get_commission_bases()[line], 45)
                order._groupbuy_allow(line, 10, "Spots")
                self.assertEqual(line._groupbuy_get_bases()[line], base - 10)
                self.assertEqual(line._groupbuy_get_commission_bases()[line], 35)
                program.active = False

    def test_what_has_not_been_received_can_be_reckoned_too(self):
        campaign = self._create_campaign(self._offer(self.leek, 10))
        order = self._buy(campaign, self.ann, 3)
        line = order.order_line
        self.assertEqual(line._groupbuy_get_commission_bases()[line], 0)
        bases = line._groupbuy_get_commission_bases(received=False)
        self.assertEqual(bases, {line: 30})
