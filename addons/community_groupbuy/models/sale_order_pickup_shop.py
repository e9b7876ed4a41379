import json

from odoo import models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..record_id import MAX_ID


class SaleOrder(models.Model):
    """Orders of the ordinary shop that are collected at a pickup point."""

    _inherit = "sale.order"

    def _groupbuy_is_collected(self):
        """Whether this is an ordinary order to be collected at a pickup point."""
        self.ensure_one()
        return (
            not self.groupbuy_campaign_id
            and self.carrier_id.delivery_type == "groupbuy_pickup"
        )

    def _groupbuy_get_pickup_day(self):
        """:return: the day on which this order is collected, as far as is known"""
        self.ensure_one()
        if self.groupbuy_campaign_id:
            return self.groupbuy_campaign_id._get_pickup_day()
        moment = self.commitment_date
        if self.state == "sale":
            moment = moment or self.date_order
        return self.company_id._get_groupbuy_date(moment)

    # === CHOOSING === #

    def _get_pickup_locations(self, zip_code=None, country=None, **kwargs):
        """Override of `delivery`: points are found by whatever text, and by position.

        :param str zip_code: what was typed into the search box
        """
        if self.carrier_id.delivery_type != "groupbuy_pickup":
            return super()._get_pickup_locations(zip_code, country, **kwargs)
        self.check_access("read")
        return super()._get_pickup_locations(
            company=self.company_id,
            day=self._groupbuy_get_pickup_day(),
            search=zip_code,
            latitude=kwargs.get("latitude"),
            longitude=kwargs.get("longitude"),
        )

    def _set_pickup_location(self, pickup_location_data):
        """Override of `delivery`: of what the client sends only the point's id counts.

        :param str pickup_location_data: JSON with an "id"; empty to choose none
        :raise UserError: there is no such point, it takes no orders, or it is too late
        """
        if self.carrier_id.delivery_type != "groupbuy_pickup":
            return super()._set_pickup_location(pickup_location_data)
        self.check_access("write")
        if self.groupbuy_campaign_id or self.state not in ("draft", "sent"):
            raise UserError(
                self.env._("The pickup point of this order cannot be chosen here.")
            )
        point = self._groupbuy_find_point(pickup_location_data)
        if point:
            point._check_open(self._groupbuy_get_pickup_day())
        self.pickup_point_id = point
        self.pickup_location_data = point._prepare_location() if point else {}

    def _groupbuy_find_point(self, pickup_location_data):
        """:return: the point of this JSON; none if it says nothing, as the page does
        before anything is chosen
        """
        point_model = self.env["groupbuy.pickup.point"]
        try:
            location = json.loads(pickup_location_data or "null")
            point_id = int(location["id"]) if location else None
        except (ValueError, TypeError, KeyError, OverflowError):
            point_id = 0
        if point_id is None:
            return point_model
        point = 0 < point_id <= MAX_ID and point_model.search(
            point_model._get_domain_of(self.company_id) & Domain("id", "=", point_id)
        )
        if not point:
            raise UserError(self.env._("This pickup point does not exist any more."))
        return point

    def _groupbuy_get_default_location(self):
        """:return: where this resident collected last, as a pickup location, if orders
        are taken there; else {}
        """
        self.ensure_one()
        point = self.partner_id.groupbuy_pickup_point_id
        if (
            not point.active
            or point.company_id != self.company_id
            or point._get_closed(self._groupbuy_get_pickup_day())
        ):
            return {}
        return point._prepare_location()

    def _set_delivery_method(self, delivery_method, rate=None):
        """Override of `website_sale`: the same delivery method at another rate, which
        the checkout sets whenever it is looked at, is collected at the same point."""
        point = self.pickup_point_id
        same = delivery_method == self.carrier_id and self._groupbuy_is_collected()
        result = super()._set_delivery_method(delivery_method, rate=rate)
        if same and point and self._groupbuy_is_collected():
            self.pickup_point_id = point
            self.pickup_location_data = point._prepare_location()
        return result

    def _remove_delivery_line(self):
        """Override of `website_sale`: with another delivery method, which resets the
        location, another point is to be chosen."""
        result = super()._remove_delivery_line()
        carts = self.filtered(
            lambda order: (
                not order.groupbuy_campaign_id and order.state in ("draft", "sent")
            )
        )
        carts.pickup_point_id = False
        return result

    # === PAYING AND CONFIRMING === #

    def _groupbuy_check_pickup_point(self):
        """:raise ValidationError: this cart is to be collected, but nobody knows where,
        or the point takes no orders any more
        """
        self.ensure_one()
        if not self._groupbuy_is_collected() or not self._has_deliverable_products():
            return
        if not self.pickup_point_id.active:
            raise ValidationError(self.env._("Please choose your pickup point."))
        try:
            self.pickup_point_id._check_open(self._groupbuy_get_pickup_day())
        except UserError as error:
            raise ValidationError(str(error)) from error

    def _check_cart_is_ready_to_be_paid(self):
        """Override of `website_sale`: what is collected needs a point that is open."""
        self._groupbuy_check_pickup_point()
        return super()._check_cart_is_ready_to_be_paid()

    def _action_confirm(self):
        """Override of `delivery`, which would copy the point's address to the resident:
        the goods go to the point's own address."""
        collected = self.filtered(
            lambda order: order.pickup_point_id and order._groupbuy_is_collected()
        )
        fiscal_position = self._fields["fiscal_position_id"]
        for order in collected:
            point = order.pickup_point_id
            # The resident has seen the price and paid: its taxes stay.
            with self.env.protecting([fiscal_position], order):
                order.write(
                    {
                        "pickup_location_data": False,
                        "partner_shipping_id": point.partner_id.id,
                    }
                )
            order.partner_id.groupbuy_pickup_point_id = point
        return super()._action_confirm()

    def _action_cancel(self):
        """Override of `sale_stock`: what has not left is not brought to the point."""
        handovers = self.picking_ids.filtered(
            lambda picking: (
                picking.groupbuy_kind == "handover"
                and picking.groupbuy_stage == "warehouse"
                and picking.state not in ("done", "cancel")
            )
        )
        handovers.move_ids._groupbuy_detach()
        return super()._action_cancel()
