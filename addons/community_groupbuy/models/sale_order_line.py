from odoo import fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    groupbuy_offer_id = fields.Many2one(
        "groupbuy.offer", index="btree_not_null", copy=False, readonly=True
    )
    groupbuy_price = fields.Monetary(
        string="Price When Joining",
        currency_field="currency_id",
        copy=False,
        readonly=True,
        help="Unit price shown to the resident: the final one is never above it.",
    )

    groupbuy_allowance_of_id = fields.Many2one(
        "sale.order.line",
        string="Allowance For",
        index="btree_not_null",
        copy=False,
        readonly=True,
        help="The goods part of whose price this line gives back.",
    )

    def _is_groupbuy_goods(self):
        """Whether this line is what somebody buys: no fee, discount or allowance."""
        self.ensure_one()
        return not (
            self.display_type
            or self.reward_id
            or self.is_delivery
            or self.groupbuy_allowance_of_id
        )

    def _get_display_price(self):
        """Override of `sale` to sell at the price of the group."""
        if self.groupbuy_offer_id:
            return self._convert_to_sol_currency(
                self._get_groupbuy_price(), self.groupbuy_offer_id.currency_id
            )
        return super()._get_display_price()

    def _get_groupbuy_price(self):
        """:return: the unit price: shown when joining, or final, whichever is lower"""
        self.ensure_one()
        final = self.groupbuy_offer_id.final_price
        return min(final, self.groupbuy_price) if final else self.groupbuy_price

    def _get_groupbuy_price_unit(self):
        """:return: the group's price in the terms of this resident's own taxes"""
        self.ensure_one()
        price = self._get_groupbuy_price()
        position = self.order_id.fiscal_position_id
        if not position:
            return price
        taxes = self.product_id.taxes_id._filter_taxes_by_company(self.company_id)
        return self.product_id._get_tax_included_unit_price_from_price(
            price, product_taxes=taxes, fiscal_position=position
        )

    def _compute_pricelist_item_id(self):
        """Override of `sale`: no price list rule adds a discount to group prices."""
        grouped = self.filtered("groupbuy_offer_id")
        grouped.pricelist_item_id = False
        return super(SaleOrderLine, self - grouped)._compute_pricelist_item_id()

    def _check_availability(self):
        """Override of `website_sale_stock`: the offer's quota is what is for sale."""
        if self.groupbuy_offer_id:
            return True
        return super()._check_availability()

    def _action_launch_stock_rule(self, *, previous_product_uom_qty=False):
        """Override of `sale_stock`: goods of a join, and those collected at a pickup
        point, go their own way."""
        if self.env.context.get("skip_procurement"):
            return True
        mine = self.filtered(
            lambda line: line.groupbuy_offer_id or line.order_id.pickup_point_id
        )
        if mine:
            mine._groupbuy_withdraw_surplus()
            mine.order_id._groupbuy_plan_deliveries(mine)
        return super(SaleOrderLine, self - mine)._action_launch_stock_rule(
            previous_product_uom_qty=previous_product_uom_qty
        )

    def _groupbuy_get_missing_quantity(self):
        """:return: pieces that no delivery is planned for; negative if too many are"""
        self.ensure_one()
        planned = self._get_qty_procurement() if self.move_ids else 0.0
        return self.product_uom_id.round(self.product_uom_qty - planned)

    def _groupbuy_withdraw_surplus(self):
        """Plan less where pieces were taken off whose goods have not left yet."""
        for line in self.filtered("move_ids"):
            surplus = -line._groupbuy_get_missing_quantity()
            moves = line.move_ids.filtered(
                lambda move: (
                    move.state not in ("done", "cancel")
                    and move.picking_id.groupbuy_stage == "warehouse"
                )
            )
            for move in moves if surplus > 0 else ():
                part = min(surplus, move.product_uom_qty)
                move._groupbuy_plan_less(part)
                surplus -= part
