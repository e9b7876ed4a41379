from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command


class SaleOrderLine(models.Model):
    """Pieces and prices of confirmed lines, lowered."""

    _inherit = "sale.order.line"

    def _check_groupbuy_take_off(self, quantities):
        """:raise UserError: a line cannot spare these pieces"""
        for line in self:
            if line.state != "sale" or not line._is_groupbuy_goods():
                raise UserError(
                    self.env._(
                        "Only goods of confirmed orders can be taken off: %s is none.",
                        line.display_name,
                    )
                )
            uom = line.product_uom_id
            pieces = quantities[line]
            if pieces < 0 or uom.compare(pieces, line.product_uom_qty) > 0:
                raise UserError(
                    self.env._(
                        "%(order)s has %(quantity)s of %(product)s left: %(taken)s "
                        "cannot be taken off.",
                        order=line.order_id.name,
                        quantity=line.product_uom_qty,
                        product=line.product_id.display_name,
                        taken=pieces,
                    )
                )

    def _groupbuy_lower(self, quantities):
        """Take pieces off; their price stays, whatever a price list says about it.

        :param dict quantities: {order line: pieces}
        """
        left = self.grouped(
            lambda line: line.product_uom_id.round(
                line.product_uom_qty - quantities[line]
            )
        )
        lines = self.with_context(skip_procurement=True)
        kept = [lines._fields[name] for name in ("price_unit", "discount")]
        with self.env.protecting(kept, lines):
            for quantity, own in left.items():
                own.with_context(skip_procurement=True).product_uom_qty = quantity

    def _groupbuy_write_price(self, price):
        self.ensure_one()
        price = self.currency_id.round(price)
        if self.currency_id.compare_amounts(price, self.price_unit):
            self.write({"price_unit": price, "technical_price_unit": price})

    def _groupbuy_get_paid(self):
        """:return: what this line's pieces cost, less the allowances given on them"""
        self.ensure_one()
        allowances = self.order_id.order_line.filtered(
            lambda line: line.groupbuy_allowance_of_id == self
        )
        return self.price_total + sum(allowances.mapped("price_total"))

    def _groupbuy_prepare_allowance(self, amount):
        """:return: the values of a line that gives back `amount`, tax included"""
        self.ensure_one()
        product = self.env.ref("community_groupbuy.product_allowance")
        product = product.with_context(lang=self.order_id.partner_id.lang)
        price = amount
        if not all(tax.price_include for tax in self.tax_ids):
            price = self.tax_ids.with_context(
                force_price_include=True, round_base=True
            ).compute_all(amount, self.currency_id)["total_excluded"]
        return {
            "order_id": self.order_id.id,
            "product_id": product.id,
            "name": f"{product.name}: {self.product_id.display_name}",
            "product_uom_qty": 1,
            "price_unit": -price,
            "technical_price_unit": -price,
            "tax_ids": [Command.set(self.tax_ids.ids)],
            "sequence": self.sequence,
            "groupbuy_allowance_of_id": self.id,
        }
