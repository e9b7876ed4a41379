from odoo import models
from odoo.fields import Domain

# In which it is too early, or pointless, to buy the same again.
NOT_AGAIN = ("to_pay", "waiting")


class SaleOrder(models.Model):
    """What the order centre shows of an order once its group is complete."""

    _inherit = "sale.order"

    def _groupbuy_format_date(self, date, pattern=None):
        """:return: a date as text, in the time zone of the company; "" without one"""
        self.ensure_one()
        return self.company_id._format_groupbuy_date(date, pattern) if date else ""

    def _groupbuy_get_title(self):
        """:return: what a resident knows this order by"""
        self.ensure_one()
        return self.groupbuy_campaign_id.name or self.name

    def _groupbuy_get_image_url(self):
        """:return: the address of a picture of what was bought; None without one"""
        self.ensure_one()
        if self.groupbuy_campaign_id:
            return self.groupbuy_campaign_id._get_image_url("image_256")
        for product in self._groupbuy_get_goods().product_id:
            if product.with_context(bin_size=True).image_128:
                return self.env["website"].image_url(product, "image_256")
        return None

    def _groupbuy_get_goods(self):
        """:return: the lines that are goods, not fees or discounts"""
        return self.order_line.filtered(
            lambda line: (
                line.groupbuy_offer_id
                or not (
                    line.order_id.groupbuy_campaign_id
                    or line.display_type
                    or line.is_delivery
                    or line.reward_id
                )
            )
        )

    # === TIMELINE === #

    def _groupbuy_get_steps(self):
        """:return: the ways that such an order goes: [(status, label)]"""
        self.ensure_one()
        group = [
            ("to_pay", self.env._("Joined")),
            ("waiting", self.env._("Paid, waiting for the group")),
            ("to_ship", self.env._("The group made it")),
        ]
        shop = [("to_ship", self.env._("Ordered"))]
        point = [
            ("shipped", self.env._("On the way")),
            ("ready", self.env._("Ready to collect")),
        ]
        door = [("shipped", self.env._("Sent to your door"))]
        return [
            *(group if self.groupbuy_campaign_id else shop),
            *(point if self.pickup_point_id else door),
            ("received", self.env._("Received")),
        ]

    def _groupbuy_get_step_dates(self):
        """:return: {status: when it was reached}, as far as that was noted"""
        self.ensure_one()
        # A storekeeper's documents; only their dates are shown.
        pickings_sudo = self.sudo().picking_ids
        parcels = pickings_sudo.filtered(
            lambda picking: picking.groupbuy_kind == "door"
        )
        transfers = pickings_sudo.move_ids.move_orig_ids.picking_id.filtered(
            lambda picking: picking.groupbuy_kind == "transfer"
        )
        left = (parcels | transfers).filtered("date_done").mapped("date_done")
        paid = self._groupbuy_get_payments().mapped("last_state_change")
        campaign = self.groupbuy_campaign_id
        return {
            "to_pay": self.create_date,
            "waiting": min(paid, default=None),
            "to_ship": campaign.closed_at if campaign else self.date_order,
            "shipped": max(left, default=None),
            "ready": self.groupbuy_ready_at,
            "received": self.groupbuy_received_at,
        }

    def _groupbuy_prepare_timeline(self):
        """:return: the steps of this order as (label, "done", "now" or "later", day)"""
        self.ensure_one()
        steps = self._groupbuy_get_steps()
        names = [name for name, _label in steps]
        if self.groupbuy_status not in names:
            return []
        dates = self._groupbuy_get_step_dates()
        position = names.index(self.groupbuy_status)
        pattern = self.env._("MMM d")
        return [
            (
                label,
                "done" if at < position else "now" if at == position else "later",
                self._groupbuy_format_date(dates[name], pattern)
                if at <= position
                else "",
            )
            for at, (name, label) in enumerate(steps)
        ]

    # === BUY AGAIN === #

    def _groupbuy_find_again(self):
        """Where the same goods are for sale now.

        :return: (campaign, {offer: pieces}) of the open group buy that has most of
            them; else (no campaign, {product: pieces}) of what the shop sells
        """
        self.ensure_one()
        pieces = {}
        for line in self._groupbuy_get_goods():
            wanted = int(line.product_uom_qty) or 1
            pieces[line.product_id] = pieces.get(line.product_id, 0) + wanted
        campaigns = self.env["groupbuy.campaign"]
        if self.groupbuy_status in NOT_AGAIN:
            return campaigns, {}
        offered = self.env["groupbuy.offer"]._get_shown_domain() & Domain(
            "product_id", "in", [product.id for product in pieces]
        )
        # Listed to residents of that point, so that it may be proposed to them.
        campaigns_sudo = campaigns.sudo().search(
            campaigns._get_storefront_domain(point=self.pickup_point_id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("offer_ids", "any", offered)
            & campaigns._get_section_domain("open")
        )
        campaigns = campaigns_sudo.sudo(self.env.su)
        offers = {
            campaign: campaign.offer_ids.filtered_domain(offered)
            for campaign in campaigns
        }
        if offers:
            campaign = max(offers, key=lambda campaign: len(offers[campaign]))
            return campaign, {
                offer: pieces[offer.product_id] for offer in offers[campaign]
            }
        return campaigns, {
            product: wanted
            for product, wanted in pieces.items()
            if product.website_published and product._is_add_to_cart_allowed()
        }
