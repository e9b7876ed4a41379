from odoo import models
from odoo.exceptions import UserError


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def _groupbuy_change_stock(self, pieces):
        """Book pieces that a merchant brings to the warehouse or takes back, as the
        merchant's own.

        :param int pieces: above or below 0
        :raise UserError: fewer are there than are taken back
        """
        self.ensure_one()
        merchant = self.groupbuy_merchant_id
        product = self.product_variant_id
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", merchant.company_id.id)], limit=1
        )
        location = warehouse.lot_stock_id
        quants = self.env["stock.quant"]
        own = quants._gather(
            product, location, owner_id=merchant.partner_id, strict=True
        )
        free = sum(quant.quantity - quant.reserved_quantity for quant in own)
        if free + pieces < 0:
            raise UserError(
                self.env._("Only %s pieces are in the warehouse and free.", f"{free:g}")
            )
        # Counted like anywhere else in Odoo: the difference is a move of its own.
        quant = own.sorted("quantity", reverse=True)[:1] or quants.create(
            {
                "product_id": product.id,
                "location_id": location.id,
                "owner_id": merchant.partner_id.id,
            }
        )
        quant.write(
            {
                "inventory_quantity": quant.quantity + pieces,
                "inventory_quantity_set": True,
            }
        )
        quant.action_apply_inventory()
