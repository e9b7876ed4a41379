from odoo import models
from odoo.fields import Domain

STATUSES = ("waiting", "to_ship", "shipped", "ready", "received")


class GroupbuyMerchant(models.Model):
    """What merchants see of their sales: goods and where they go, no resident."""

    _inherit = "groupbuy.merchant"

    def _get_sales_domain(self, status=None):
        """:param status: of the orders, see `groupbuy_status`; "shop" for those of the
        shop that are not collected at a point; nothing for all
        :return: the lines of paid orders with goods of this merchant
        """
        self.ensure_one()
        # A paid join waits as a quotation that was sent.
        paid = Domain("order_id.state", "=", "sale") | Domain(
            "order_id.groupbuy_status", "=", "waiting"
        )
        domain = Domain("groupbuy_merchant_id", "=", self.id) & paid
        if status == "shop":
            domain &= Domain("order_id.groupbuy_status", "=", False)
        elif status:
            domain &= Domain("order_id.groupbuy_status", "=", status)
        return domain & Domain("product_uom_qty", ">", 0)

    def _prepare_sales_tabs(self):
        """:return: [(status, label, number of lines)] of those that have any"""
        lines = self.env["sale.order.line"]
        labels = dict(
            self.env["sale.order"]
            ._fields["groupbuy_status"]
            ._description_selection(self.env)
        )
        tabs = [
            (status, labels[status], lines.search_count(self._get_sales_domain(status)))
            for status in STATUSES
        ]
        shop = lines.search_count(self._get_sales_domain("shop"))
        tabs.append(("shop", self.env._("Shop"), shop))
        return [tab for tab in tabs if tab[2]]

    def _prepare_to_prepare(self):
        """:return: [(product, pieces, number of orders)] that the platform waits for"""
        groups = self.env["sale.order.line"]._read_group(
            self._get_sales_domain("to_ship"),
            ["product_id"],
            ["product_uom_qty:sum", "order_id:count_distinct"],
        )
        return sorted(groups, key=lambda group: group[0].display_name)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _groupbuy_prepare_sale(self):
        """:return: what a merchant's page shows of a line that was sold: no name,
        address or number of the resident"""
        self.ensure_one()
        order = self.order_id
        labels = dict(order._fields["groupbuy_status"]._description_selection(self.env))
        product = self.product_id.with_context(display_default_code=False)
        return {
            "order": order.name,
            "date": order.date_order,
            "product": product.display_name,
            "quantity": f"{self.product_uom_qty:g}",
            "total": order.currency_id.format(self.price_total),
            "fee": f"{self.groupbuy_fee_rate:g}",
            "campaign": order.groupbuy_campaign_id.name or "",
            "where": order.pickup_point_id.name or self.env._("To the door"),
            "status": labels.get(order.groupbuy_status) or self.env._("Ordered"),
        }
