from odoo import fields, models


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    delivery_type = fields.Selection(
        selection_add=[("groupbuy_pickup", "Collect at a Pickup Point")],
        ondelete={"groupbuy_pickup": "set default"},
    )
    # The name by which `delivery` asks whether a location must be chosen.
    groupbuy_pickup_use_locations = fields.Boolean(
        string="Choose a Pickup Point", default=True, readonly=True
    )

    def _is_available_for_order(self, order):
        """Override of `delivery`: nobody can collect where there is no point."""
        available = super()._is_available_for_order(order)
        if available and self.delivery_type == "groupbuy_pickup":
            point_model = self.env["groupbuy.pickup.point"]
            return bool(
                point_model.search_count(
                    point_model._get_domain_of(order.company_id), limit=1
                )
            )
        return available

    # === COLLECTING === #

    def _groupbuy_pickup_get_close_locations(
        self,
        partner_address,
        company=None,
        day=None,
        search="",
        latitude=None,
        longitude=None,
    ):
        """:return: the points that take orders, nearest first, as `delivery` wants them
        :raise UserError: the position is none
        """
        point_model = self.env["groupbuy.pickup.point"]
        company = company or self.company_id or self.env.company
        position = point_model._read_position(latitude, longitude, partner_address)
        points = point_model.search(point_model._get_domain_of(company))
        closed = points._get_closed(day or company._get_groupbuy_date())
        points = points.filtered(lambda point: point not in closed)
        return [
            point._prepare_location(metres)
            for point, metres in points._sort_near(position, partner_address, search)
        ]

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

    # === TO THE DOOR === #

    def _groupbuy_find_door(self, order):
        """Choose by the carriers' own rules (area, weight, volume, tags): the first of
        those shown in the shop that can deliver wins.

        :return: (carrier, its rate with tax in the order's currency), or (none, 0.0)
        """
        carriers = self.search(
            [
                ("website_published", "=", True),
                ("delivery_type", "!=", "groupbuy_pickup"),
                *self._check_company_domain(order.company_id),
            ]
        )
        for carrier in carriers:
            if carrier._is_available_for_order(order):
                rate = carrier.rate_shipment(order)
                if rate.get("success"):
                    return carrier, carrier._groupbuy_add_taxes(rate["price"], order)
        return self.browse(), 0.0

    def _groupbuy_add_taxes(self, price, order):
        """:return: what an order pays for a rate, with tax"""
        taxes = self.product_id.taxes_id._filter_taxes_by_company(order.company_id)
        taxes = order.fiscal_position_id.map_tax(taxes)
        return taxes.compute_all(
            price,
            currency=order.currency_id,
            product=self.product_id,
            partner=order.partner_shipping_id,
        )["total_included"]
