from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

# Days after which what was sent counts as received, unless the resident says so before.
RECEIVED_DAYS = 7


class SaleOrder(models.Model):
    """Joins that are brought to the door: fee, tracking, and receiving them."""

    _inherit = "sale.order"

    def _groupbuy_is_door(self):
        """Whether this join is brought to the resident's address."""
        self.ensure_one()
        return bool(self.groupbuy_campaign_id) and not self.pickup_point_id

    def _groupbuy_add_door_fee(self):
        """Put the carrier's fee on a new join; it stays as it is at closing."""
        self.ensure_one()
        rate = self.carrier_id.rate_shipment(self)
        if not rate.get("success"):
            raise UserError(
                rate.get("error_message")
                or self.env._(
                    "Nobody delivers this to your address. Choose a pickup point."
                )
            )
        self.set_delivery_line(self.carrier_id, rate["price"])

    def _groupbuy_get_tracking(self):
        """:return: what is on its way to the door, oldest first: a dict for each parcel
        with carrier, reference and url (both may be empty) and sent_at
        """
        self.ensure_one()
        parcels = self.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "door" and picking.state == "done"
        )
        return [
            {
                "carrier": parcel.carrier_id.name,
                "reference": parcel.carrier_tracking_ref or "",
                "url": self._groupbuy_get_tracking_url(parcel),
                "sent_at": parcel.date_done,
            }
            for parcel in parcels.sorted("id")
        ]

    def _groupbuy_get_tracking_url(self, parcel):
        url = parcel.carrier_tracking_url or ""
        # Carriers may answer with a list of several, as JSON.
        return url if url.startswith(("https://", "http://")) else ""

    # === RECEIVED === #

    def _groupbuy_is_confirmable(self):
        """Whether the resident can say now that everything has come to the door."""
        self.ensure_one()
        parcels = self.picking_ids.filtered(
            lambda picking: (
                picking.groupbuy_kind == "door" and picking.state != "cancel"
            )
        )
        return (
            self.state == "sale"
            and not self.groupbuy_received_at
            and bool(parcels)
            and set(parcels.mapped("state")) == {"done"}
        )

    def action_groupbuy_confirm_received(self):
        """Say that what was brought to the door has come.

        Saying it again changes nothing.

        :raise UserError: the order is not the user's, or has not been sent
        """
        self.ensure_one()
        order_sudo = self._check_groupbuy_access()
        if order_sudo.groupbuy_received_at and order_sudo._groupbuy_is_door():
            return
        if not order_sudo._groupbuy_is_confirmable():
            raise UserError(self.env._("This order has not been sent yet."))
        order_sudo.groupbuy_received_at = fields.Datetime.now()

    @api.model
    def _groupbuy_receive_delivered(self, limit=1000):
        """Take what was sent some days ago as received; called by a cron."""
        sent_before = fields.Datetime.now() - timedelta(days=RECEIVED_DAYS)
        orders = self.search(
            [
                ("groupbuy_campaign_id", "!=", False),
                ("pickup_point_id", "=", False),
                ("state", "=", "sale"),
                ("groupbuy_received_at", "=", False),
                ("picking_ids.groupbuy_kind", "=", "door"),
                ("picking_ids.date_done", "<", sent_before),
            ],
            limit=limit,
        )
        due = orders.filtered(
            lambda order: (
                order._groupbuy_is_confirmable()
                and max(order.picking_ids.filtered("date_done").mapped("date_done"))
                < sent_before
            )
        )
        due.groupbuy_received_at = fields.Datetime.now()
        self.env["ir.cron"]._commit_progress(len(due))
