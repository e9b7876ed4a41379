from odoo import api, fields, models
from odoo.fields import Domain


class ProductTemplate(models.Model):
    """Products of open group buys are marked in the shop."""

    _inherit = "product.template"

    def _get_sales_prices(self, website):
        """Override of `website_sale` to mark the tiles of products in group buys."""
        prices = super()._get_sales_prices(website)
        for template_id, groupbuy in self._get_open_groupbuys(website).items():
            prices[template_id]["groupbuy"] = groupbuy
        return prices

    def _get_additionnal_combination_info(
        self, product_or_template, quantity, uom, date, website
    ):
        """Override of `website_sale` to show the group buy on the product's page."""
        values = super()._get_additionnal_combination_info(
            product_or_template, quantity, uom, date, website
        )
        template = (
            product_or_template.product_tmpl_id
            if product_or_template._name == "product.product"
            else product_or_template
        )
        values["groupbuy"] = template._get_open_groupbuys(website).get(template.id)
        return values

    @api.model
    def _get_open_offer_domain(self, website):
        now = fields.Datetime.now()
        return (
            Domain("campaign_id.state", "in", ("scheduled", "open"))
            & Domain("campaign_id.date_open", "<=", now)
            & Domain("campaign_id.date_close", ">", now)
            & Domain("campaign_id.company_id", "=", website.company_id.id)
        )

    def _get_open_groupbuys(self, website):
        """:return: {template id: the cheapest open offer as the shop shows it}"""
        if not self.ids:
            return {}
        # Published campaigns only, by the domain; read as the storefront's pages do.
        offers_sudo = self.env["groupbuy.offer"].sudo()
        offers_sudo = offers_sudo.search(
            Domain("product_id.product_tmpl_id", "in", self.ids)
            & self._get_open_offer_domain(website)
        )
        campaigns_sudo = offers_sudo.campaign_id
        progresses = campaigns_sudo._get_public_progresses(campaigns_sudo.ids)
        by_offer = {
            values["id"]: (progress, values)
            for progress in progresses.values()
            for values in progress["offers"]
        }
        found = {}
        for offer in offers_sudo.sorted(
            lambda offer: by_offer[offer.id][1]["price"], reverse=True
        ):
            progress, values = by_offer[offer.id]
            show = offer.currency_id.format
            found[offer.product_id.product_tmpl_id.id] = {
                "url": offer.campaign_id._get_website_url(),
                "name": offer.campaign_id.name,
                "price_text": show(values["price"]),
                "next_text": show(values["next_price"]) if values["next_price"] else "",
                "missing": (values["next_quantity"] or 0) - values["quantity"],
                "seconds_left": progress["seconds_left"],
                "date": offer.campaign_id._format_date(offer.campaign_id.date_close),
            }
        return found
