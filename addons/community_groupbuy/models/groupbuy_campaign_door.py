from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command


class GroupbuyCampaign(models.Model):
    """Joins that are brought to the resident's own address."""

    _inherit = "groupbuy.campaign"

    def get_door_delivery(self, lines):
        """Say who would deliver these pieces to the current user, and for how much.

        :param list lines: as for `join`
        :return: {"carrier" (name), "amount" (with tax, in the campaign's currency),
            "amount_text", "address" (one line)}
        :raise UserError: the input is wrong, this campaign is collected only, the
            resident has no address, or nobody delivers there
        """
        self.ensure_one()
        self.check_access("read")
        if self.env.user._is_public():
            raise UserError(self.env._("Please sign in to join."))
        wanted = self._check_join_lines(lines)
        self._check_door()
        # Residents have no rights on carriers and orders; nothing is written.
        campaign_sudo = self.sudo()
        address, carrier, amount = campaign_sudo._find_door(
            self.env.user.partner_id, wanted
        )
        amount = self.currency_id.round(amount)
        return {
            "carrier": carrier.name,
            "amount": amount,
            "amount_text": self.currency_id.format(amount),
            "address": address._groupbuy_get_address_text(),
        }

    def _check_door(self):
        if not self.door_delivery:
            raise UserError(
                self.env._("This group buy is collected at a pickup point only.")
            )

    def _prepare_door_delivery(self, partner, wanted):
        """:return: the values of an order that is brought to the door"""
        address, carrier, _amount = self._find_door(partner, wanted)
        return {
            "partner_shipping_id": address.id,
            "carrier_id": carrier.id,
            "pickup_point_id": False,
        }

    def _find_door(self, partner, wanted):
        """:return: (address, carrier, fee with tax) of a delivery of these pieces
        :raise UserError: there is no complete address, or nobody delivers there
        """
        self.ensure_one()
        address = partner._groupbuy_get_door()
        if not address:
            raise UserError(
                self.env._(
                    "Add your address with street and city to have it delivered."
                )
            )
        # Never written: carriers judge orders.
        order = self.env["sale.order"].new(
            {
                "company_id": self.company_id.id,
                "groupbuy_campaign_id": self.id,
                "partner_id": partner.id,
                "partner_invoice_id": partner.id,
                "partner_shipping_id": address.id,
                "order_line": [
                    Command.create(self._prepare_join_line(offer, pieces, offer.price))
                    for offer, pieces in (
                        (offer, wanted[offer.id])
                        for offer in self.offer_ids
                        if offer.id in wanted
                    )
                ],
            }
        )
        carrier, amount = self.env["delivery.carrier"]._groupbuy_find_door(order)
        if not carrier:
            raise UserError(
                self.env._(
                    "Nobody delivers this to your address. Choose a pickup point."
                )
            )
        return address, carrier, amount
