from odoo import api, models
from odoo.exceptions import UserError


class ProductTemplate(models.Model):
    """Pieces that merchants bring to the warehouse or take back: their own in the
    books, until a resident has them."""

    _inherit = "product.template"

    def _groupbuy_change_stock(self, pieces):
        """Book pieces that came in, or went out.

        :param int pieces: above or below 0
        :raise UserError: fewer are there than are taken back
        """
        self.ensure_one()
        quantity = self._groupbuy_gather_own()[self].quantity
        self._groupbuy_book_own({self: quantity + pieces})

    @api.model
    def _groupbuy_count_stock(self, counted):
        """Book what an import says is there.

        :param dict counted: {product of a merchant: pieces}
        :raise UserError: fewer are there than are promised to residents
        """
        self._groupbuy_book_own(counted)
        for template, pieces in counted.items():
            template.groupbuy_imported_stock = pieces

    def _groupbuy_gather_own(self):
        """:return: {product: the merchant's quant in the warehouse, or none}"""
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "in", self.product_variant_ids.ids),
                ("location_id", "in", self._groupbuy_get_shelves().ids),
                ("owner_id", "in", self.groupbuy_merchant_id.partner_id.ids),
                ("lot_id", "=", False),
                ("package_id", "=", False),
            ],
            order="quantity",
        )
        none = quants.browse()
        by_product = {quant.product_id: quant for quant in quants}
        return {
            template: by_product.get(template.product_variant_id, none)
            for template in self
        }

    def _groupbuy_get_shelves(self):
        """:return: where merchants of these products bring their goods"""
        companies = self.groupbuy_merchant_id.company_id
        warehouses = self.env["stock.warehouse"].search(
            [("company_id", "in", companies.ids)], order="company_id, sequence, id"
        )
        return self.env["stock.location"].union(
            *(own[:1].lot_stock_id for own in warehouses.grouped("company_id").values())
        )

    @api.model
    def _groupbuy_book_own(self, counted):
        """Count like anywhere else in Odoo: each difference is a move of its own."""
        templates = self.union(*counted)
        if not templates:
            return
        quants = templates._groupbuy_gather_own()
        shelves = templates._groupbuy_get_shelves().grouped("company_id")
        missing = templates.filtered(lambda template: not quants[template])
        created = self.env["stock.quant"].create(
            [
                {
                    "product_id": template.product_variant_id.id,
                    "location_id": shelves[template.groupbuy_merchant_id.company_id].id,
                    "owner_id": template.groupbuy_merchant_id.partner_id.id,
                }
                for template in missing
            ]
        )
        quants.update(zip(missing, created, strict=True))
        for template, pieces in counted.items():
            quant = quants[template]
            if pieces < quant.reserved_quantity or pieces < 0:
                raise UserError(
                    self.env._(
                        "%(product)s: only %(pieces)s pieces are in the warehouse and "
                        "free.",
                        product=template.name,
                        pieces=f"{quant.quantity - quant.reserved_quantity:g}",
                    )
                )
            quant.write({"inventory_quantity": pieces, "inventory_quantity_set": True})
        self.env["stock.quant"].union(*quants.values()).action_apply_inventory()
