from odoo import fields, models


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    delivery_type = fields.Selection(
        selection_add=[("groupbuy_pickup", "Collect at a Pickup Point")],
        ondelete={"groupbuy_pickup": "set default"},
    )

    def groupbuy_pickup_rate_shipment(self, order):
        """:return: the rate of collecting at a point, as `rate_shipment` wants it"""
        return {
            "success": True,
            "price": self.product_id._price_compute("list_price")[self.product_id.id],
            "error_message": False,
            "warning_message": False,
        }

    def groupbuy_pickup_send_shipping(self, pickings):
        return [{"exact_price": 0.0, "tracking_number": False} for _ in pickings]

    def groupbuy_pickup_get_tracking_link(self, picking):
        return False

    def groupbuy_pickup_cancel_shipment(self, pickings):
        """Nothing is booked with anybody, so nothing is to cancel."""
