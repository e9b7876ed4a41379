from odoo import fields, models
from odoo.exceptions import ValidationError


class SaleOrder(models.Model):
    """What a resident sees of a join, and where."""

    _inherit = "sale.order"

    def _compute_access_url(self):
        """Override of `sale`: joins and what is collected have a page of their own."""
        joins = self.filtered(
            lambda order: order.groupbuy_campaign_id or order.groupbuy_status
        )
        for order in joins:
            order.access_url = f"/my/groupbuy/{order.id}"
        return super(SaleOrder, self - joins)._compute_access_url()

    def _has_to_be_paid(self):
        """Override of `sale`: joins are paid on their own page, in time."""
        return not self.groupbuy_campaign_id and super()._has_to_be_paid()

    def _has_to_be_signed(self):
        """Override of `sale`: joining needs no signature."""
        return not self.groupbuy_campaign_id and super()._has_to_be_signed()

    def _is_reorder_allowed(self):
        """Override of `website_sale`: group prices are not for ordinary carts."""
        return not self.groupbuy_campaign_id and super()._is_reorder_allowed()

    def _check_cart_is_ready_to_be_paid(self):
        """Override of `website_sale`: what takes part already is not paid twice."""
        if self.groupbuy_campaign_id and self.state != "draft":
            raise ValidationError(self.env._("This order needs no payment any more."))
        return super()._check_cart_is_ready_to_be_paid()

    def _groupbuy_is_payable(self):
        """Whether this is a join that is held, and no payment of it is under way."""
        self.ensure_one()
        under_way = ("pending", "authorized", "done")
        return (
            self._is_groupbuy_join()
            and self.get_portal_last_transaction().state not in under_way
            and self._is_held()
        )

    # === PAGE === #

    def _groupbuy_get_refunds(self):
        """:return: the refunds of this order, latest first"""
        self.ensure_one()
        children = self.transaction_ids.child_transaction_ids
        return children.filtered(
            lambda tx: tx.operation == "refund" and tx.state != "cancel"
        ).sorted("id", reverse=True)

    def _groupbuy_is_cancellable(self):
        """Whether the resident may still cancel; the attempt itself checks again."""
        self.ensure_one()
        campaign = self.groupbuy_campaign_id
        return self.state in ("draft", "sent") and campaign.state in (
            "scheduled",
            "open",
        )

    def _groupbuy_get_seconds_to_pay(self):
        """:return: seconds for which the pieces are held; 0 when time has run out"""
        self.ensure_one()
        if not self._groupbuy_is_payable():
            return 0
        left = self._get_groupbuy_expiry() - fields.Datetime.now()
        return max(int(left.total_seconds()), 0)

    def _groupbuy_prepare_lines(self):
        """:return: what the resident sees of each line, prices as text"""
        self.ensure_one()
        show = self.currency_id.format
        lines = []
        for line in self._groupbuy_get_goods():
            offer = line.groupbuy_offer_id
            product = line.product_id.with_context(display_default_code=False)
            values = {
                "name": product.display_name,
                "quantity": f"{line.product_uom_qty:.12g}",
                "total_text": show(line.price_total),
                "unit_text": show(line.price_reduce_taxinc),
            }
            lines.append(values)
            if not offer:
                values.update(self._groupbuy_prepare_shop_line(line))
                continue
            shop_price = max(line.product_id.lst_price, offer.base_price)
            values.update(
                {
                    "image_url": offer._get_image_url("image_256"),
                    "joined_text": show(line.groupbuy_price),
                    "price_text": show(min(offer.price, line.groupbuy_price)),
                    "final_text": show(offer.final_price) if offer.final_price else "",
                    "missed": offer.outcome == "failure",
                    "lower": self.currency_id.compare_amounts(
                        offer.price, line.groupbuy_price
                    )
                    < 0,
                    "saving": max(shop_price - line.price_unit, 0)
                    * line.product_uom_qty,
                    "next": offer.next_quantity
                    and (
                        offer.next_quantity - offer.paid_quantity,
                        show(offer.next_price),
                    ),
                }
            )
        return lines

    def _groupbuy_prepare_shop_line(self, line):
        """:return: what differs for goods of the ordinary shop"""
        product = line.product_id
        has_image = (
            product.website_published and product.with_context(bin_size=True).image_128
        )
        image_url = has_image and self.env["website"].image_url(product, "image_256")
        return {
            "image_url": image_url or None,
            "joined_text": "",
            "price_text": "",
            "final_text": "",
            "missed": False,
            "lower": False,
            "saving": 0.0,
            "next": False,
        }
