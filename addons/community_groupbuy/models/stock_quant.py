from odoo import models
from odoo.tools import SQL


class StockQuant(models.Model):
    """What lies at a pickup point, touched by several desks at once."""

    _inherit = "stock.quant"

    def _update_available_quantity(self, product_id, location_id, *args, **kwargs):
        """Override of `stock`, which writes a second quant beside one that others
        have locked. Where goods are set aside for residents, reservations would be lost
        between the two: wait instead, and start over with what is left.
        """
        if location_id.location_id.groupbuy_points:
            self.env.execute_query(
                SQL(
                    "SELECT id FROM stock_quant WHERE product_id = %s"
                    " AND location_id = %s ORDER BY id FOR NO KEY UPDATE",
                    product_id.id,
                    location_id.id,
                )
            )
        return super()._update_available_quantity(
            product_id, location_id, *args, **kwargs
        )
