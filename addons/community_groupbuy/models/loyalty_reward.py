from odoo import models


class LoyaltyReward(models.Model):
    _inherit = "loyalty.reward"

    def _groupbuy_filter_discounted(self, lines):
        """:return: those of these order lines whose price this reward discounts"""
        lines = self.env["sale.order.line"].union(*lines)
        if self.discount_applicability != "specific":
            return lines
        domain = self._get_discount_product_domain()
        products = lines.product_id.filtered_domain(domain)
        return lines.filtered(lambda line: line.product_id in products)
