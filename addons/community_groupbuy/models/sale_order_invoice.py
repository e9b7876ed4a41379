from odoo import fields, models
from odoo.fields import Command


class SaleOrder(models.Model):
    """Invoices of joins, written whole.

    Odoo writes an invoice's products first and works out its tax and receivable lines
    afterwards, several times over. For the thousands of invoices of one closing, all
    lines are computed beforehand, with the same tax engine, and written at once.
    """

    _inherit = "sale.order"

    def _groupbuy_invoice(self):
        """Invoice and post what was sold, whatever the products' invoicing policy."""
        self._force_lines_to_invoice_policy_order()
        foreign = self.filtered(
            lambda order: order.currency_id != order.company_id.currency_id
        )
        vals_list = [order._groupbuy_prepare_invoice() for order in self - foreign]
        invoices = (
            self.env["account.move"]
            .with_context(skip_invoice_sync=True)
            .create([vals for vals in vals_list if vals])
        )
        if foreign:
            invoices |= foreign._create_invoices(grouped=True, final=True)
        invoices.action_post()
        by_order = invoices.grouped(
            lambda invoice: invoice.line_ids.sale_line_ids.order_id
        )
        for order, order_invoices in by_order.items():
            order_invoices.transaction_ids = order._groupbuy_get_payments().ids
        return invoices

    def _prepare_invoice(self):
        """Override of `sale`: posting would match each invoice with its payments one
        by one, `_groupbuy_reconcile` does it for many together."""
        vals = super()._prepare_invoice()
        if self.env.context.get("groupbuy_closing"):
            vals.pop("transaction_ids", None)
        return vals

    def _groupbuy_prepare_invoice(self):
        """:return: the values of this order's invoice with all its journal items"""
        self.ensure_one()
        order = self.with_context(
            lang=self.partner_invoice_id.lang or self.env.lang
        ).with_company(self.company_id)
        lines = order._get_invoiceable_lines(final=True)
        if not lines:
            return {}
        base_lines, product_items = order._groupbuy_prepare_product_items(lines)
        results = order._groupbuy_compute_taxes(base_lines)
        for item, (base_line, amounts) in zip(
            product_items, results["base_lines_to_update"], strict=True
        ):
            details = base_line["tax_details"]
            item.update(
                amounts,
                price_subtotal=details["total_excluded_currency"]
                + details["delta_total_excluded_currency"],
                price_total=details["total_included_currency"],
            )
        items = product_items + [
            {"display_type": "tax", **vals} for vals in results["tax_lines_to_add"]
        ]
        today = fields.Date.context_today(order)
        total = -sum(item["balance"] for item in items)
        partner = order.partner_invoice_id.with_company(order.company_id)
        items.append(
            {
                "display_type": "payment_term",
                "account_id": partner.property_account_receivable_id.id,
                "partner_id": partner.commercial_partner_id.id,
                "date_maturity": today,
                "balance": order.currency_id.round(total),
                "amount_currency": order.currency_id.round(total),
            }
        )
        return {
            **order._prepare_invoice(),
            "invoice_date": today,
            "invoice_payment_term_id": False,
            "invoice_date_due": today,
            "invoice_line_ids": [],
            "line_ids": [Command.create(item) for item in items],
        }

    def _groupbuy_prepare_product_items(self, lines):
        """:return: (lines for the tax engine, values of journal items) of `lines`"""
        base_lines, items = [], []
        for line in lines:
            item = self._groupbuy_prepare_product_item(line)
            items.append(item)
            base_lines.append(
                self._groupbuy_prepare_base_line(
                    line,
                    item["quantity"],
                    line.price_unit,
                    account_id=self.env["account.account"].browse(item["account_id"]),
                    sign=-1,
                )
            )
        return base_lines, items

    def _groupbuy_prepare_product_item(self, line, **vals):
        """:return: the values of a journal item of `line`, without its amounts"""
        return {
            **line._prepare_invoice_line(**vals),
            "account_id": self._groupbuy_get_income_account(line).id,
            "currency_id": self.currency_id.id,
            "partner_id": self.partner_invoice_id.commercial_partner_id.id,
            "display_type": "product",
        }

    def _groupbuy_prepare_base_line(self, line, quantity, price_unit, **kwargs):
        """:return: pieces of `line` at a price, as the tax engine takes them"""
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            None,
            product_id=line.product_id,
            product_uom_id=line.product_uom_id,
            tax_ids=line.tax_ids,
            price_unit=price_unit,
            quantity=quantity,
            discount=line.discount,
            currency_id=self.currency_id,
            partner_id=self.partner_invoice_id.commercial_partner_id,
            **kwargs,
        )

    def _groupbuy_get_income_account(self, line):
        return line.product_id.product_tmpl_id.get_product_accounts(
            fiscal_pos=self.fiscal_position_id
        )["income"]

    def _groupbuy_compute_taxes(self, base_lines):
        """:return: what the tax engine makes of `base_lines`, as on a document"""
        account_tax = self.env["account.tax"]
        account_tax._add_tax_details_in_base_lines(base_lines, self.company_id)
        account_tax._round_base_lines_tax_details(base_lines, self.company_id)
        account_tax._add_accounting_data_in_base_lines_tax_details(
            base_lines, self.company_id
        )
        return account_tax._prepare_tax_lines(base_lines, self.company_id)
