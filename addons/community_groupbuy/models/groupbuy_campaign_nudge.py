from datetime import timedelta

from odoo import api, fields, models


class GroupbuyCampaign(models.Model):
    """Tell those who joined when the next price is near and little time is left."""

    _inherit = "groupbuy.campaign"

    @api.model
    def _sweep_nudge(self):
        now = fields.Datetime.now()
        candidates = self.search(
            [("state", "=", "open"), ("nudged", "=", False), ("date_close", ">", now)]
        )
        for campaign in candidates:
            hours = campaign.company_id.groupbuy_nudge_hours
            if campaign.date_close <= now + timedelta(hours=hours):
                campaign._nudge()

    def _nudge(self):
        """Nudge once per campaign; `nudged` stays False while no tier is near."""
        self.ensure_one()
        if not self._get_near_offers():
            return
        self.nudged = True
        orders = self.env["sale.order"].search(
            [("groupbuy_campaign_id", "=", self.id), ("state", "=", "sent")]
        )
        by_partner = orders.grouped("partner_id")
        latest = orders.browse([own[:1].id for own in by_partner.values()])
        latest._groupbuy_notify("community_groupbuy.mail_template_nudge")

    def _get_near_offers(self):
        """:return: the offers whose next tier is missing little"""
        self.ensure_one()
        percent = self.company_id.groupbuy_nudge_percent
        return self.offer_ids.filtered(
            lambda offer: (
                offer.paid_quantity
                and offer.next_quantity
                and (offer.next_quantity - offer.paid_quantity) * 100
                <= offer.next_quantity * percent
            )
        )

    def _get_nudge_text(self):
        """:return: "Leeks: 12 more for ¥ 8.00", of the offer that misses least"""
        self.ensure_one()
        offer = self._get_near_offers().sorted(
            lambda offer: offer.next_quantity - offer.paid_quantity
        )[:1]
        if not offer:
            return self.name
        return self.env._(
            "%(product)s: %(missing)s more for %(price)s",
            product=offer.product_id.name,
            missing=offer.next_quantity - offer.paid_quantity,
            price=offer.currency_id.format(offer.next_price),
        )
