import json

from odoo import api, fields, models
from odoo.fields import Domain


class GroupbuyOffer(models.Model):
    """What the storefront's pages show of offers."""

    _inherit = "groupbuy.offer"

    # A product may be for sale in group buys only: unpublished, its own picture
    # cannot be seen by visitors, the offer's can.
    image_1024 = fields.Image(related="product_id.image_1024")
    image_512 = fields.Image(related="product_id.image_512")
    image_256 = fields.Image(related="product_id.image_256")

    @api.model
    def _get_shown_domain(self):
        """Hook: which offers residents see, of the campaigns that they see.

        Addons hide offers by it from pages, lists, search and progress; records have
        rules besides, and joining checks again.
        """
        return Domain.TRUE

    def _get_image_url(self, field):
        """:return: the address of the product's picture; None without one"""
        self.ensure_one()
        product_sudo = self.sudo().product_id
        if not product_sudo.with_context(bin_size=True).image_128:
            return None
        stamp = int(product_sudo.write_date.timestamp())
        return f"/web/image/groupbuy.offer/{self.id}/{field}?unique={stamp}"

    def _prepare_storefront_values(self, progress):
        """:param dict progress: of this offer, from `_get_public_progress`
        :return: what the page shows, prices as numbers and as text
        """
        self.ensure_one()
        # Names and shop prices of unpublished products are shown here deliberately.
        product_sudo = self.sudo().product_id
        currency = self.currency_id
        quantity, price = progress["quantity"], progress["price"]
        compare = max(product_sudo.lst_price, self.base_price)
        return {
            **progress,
            "offer": self,
            "name": product_sudo.with_context(display_default_code=False).display_name,
            "specification": product_sudo.groupbuy_specification,
            "origin": product_sudo.groupbuy_origin,
            "image_url": self._get_image_url("image_256"),
            "unit": product_sudo.uom_id.name,
            "price_text": currency.format(price),
            "compare_price": compare,
            "compare_text": currency.format(compare)
            if currency.compare_amounts(compare, price) > 0
            else "",
            "next_text": currency.format(progress["next_price"])
            if progress["next_price"]
            else "",
            "missing": (progress["next_quantity"] or quantity) - quantity,
            "bar": self._get_bar(progress),
            "steps": self._prepare_steps(progress),
            "ladder": json.dumps(self._get_ladder()),
            "conditions": self._get_conditions(),
            "max": self._get_order_limit(),
            "limit": self._get_order_limit(progress["remaining"]),
            "sold_out": progress["remaining"] is not None
            and progress["remaining"] < self.pack_size,
        }

    def _get_conditions(self):
        """:return: what a join of this offer keeps to, in whole phrases: where the
        number goes differs between languages
        """
        self.ensure_one()
        conditions = []
        if self.pack_size > 1:
            conditions.append(self.env._("Sold in packs of %s", self.pack_size))
        if self.max_per_order:
            conditions.append(self.env._("Up to %s per order", self.max_per_order))
        if self.max_per_resident:
            conditions.append(
                self.env._("Up to %s per resident", self.max_per_resident)
            )
        if self.min_quantity:
            conditions.append(self.env._("From %s together", self.min_quantity))
        return conditions

    def _get_bar(self, progress):
        """:return: percent of the way to the next price, else of the quota, that is
        done
        """
        if progress["next_quantity"]:
            return min(int(100 * progress["quantity"] / progress["next_quantity"]), 99)
        quota = self._get_quota()
        if quota and progress["remaining"]:
            return min(int(100 * (1 - progress["remaining"] / quota)), 99)
        return 100

    def _get_ladder(self):
        """:return: [[from quantity, price], …], rising quantities, the base first"""
        self.ensure_one()
        tiers = self.tier_ids.sorted("min_quantity")
        return [[0, self.base_price]] + [
            [tier.min_quantity, tier.price] for tier in tiers
        ]

    def _prepare_steps(self, progress):
        ladder = self._get_ladder()
        reached = [step for step in ladder if step[0] <= progress["quantity"]]
        following = progress["next_quantity"]
        return [
            {
                "quantity": quantity,
                "price_text": self.currency_id.format(price),
                "state": "now"
                if [quantity, price] == reached[-1]
                else "reached"
                if quantity <= progress["quantity"]
                else "next"
                if quantity == following
                else "later",
            }
            for quantity, price in ladder
        ]

    def _get_order_limit(self, remaining=None):
        """:return: pieces that one order can take, in whole packs; None for no limit"""
        self.ensure_one()
        limits = [self.max_per_order, self.max_per_resident]
        limits = [limit for limit in limits if limit]
        if remaining is not None:
            limits.append(remaining)
        return min(limits) // self.pack_size * self.pack_size if limits else None
