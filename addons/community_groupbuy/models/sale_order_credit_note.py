from odoo import fields, models
from odoo.fields import Command
from odoo.tools import frozendict

# Amounts of a journal item: in the order's currency, and in the company's.
AMOUNTS = ("amount_currency", "price_subtotal", "price_total")
COMPANY_AMOUNTS = ("balance", "tax_base_amount")


class SaleOrder(models.Model):
    """Credit notes, written whole as the invoices are.

    What an order costs is worked out by the tax engine before and after; the credit
    note is the difference. So invoices less credit notes stay what the order costs, to
    the fen, however often something is taken off.
    """

    _inherit = "sale.order"

    def _groupbuy_get_credit_notes(self):
        """:return: the posted credit notes of this order, latest first"""
        self.ensure_one()
        return self.invoice_ids.filtered(
            lambda move: move.move_type == "out_refund" and move.state == "posted"
        ).sorted("id", reverse=True)

    def _groupbuy_get_billed(self):
        """:return: {order line: (pieces invoiced, unit price)}"""
        return {
            line: (line.qty_invoiced_posted, line.price_unit)
            for line in self.order_line
            if line.qty_invoiced_posted and not line.display_type
        }

    def _groupbuy_credit(self, billed, reason):
        vals_list = [
            order._groupbuy_prepare_credit_note(before, reason)
            for order, before in billed.items()
        ]
        credit_notes = (
            self.env["account.move"]
            .with_context(skip_invoice_sync=True)
            .create([vals for vals in vals_list if vals])
        )
        credit_notes.action_post()
        # Only now: posting would match each with its invoice, which is paid.
        for credit_note in credit_notes:
            order = credit_note.line_ids.sale_line_ids.order_id
            invoices = order.invoice_ids.filtered(
                lambda move: move.move_type == "out_invoice" and move.state == "posted"
            )
            credit_note.reversed_entry_id = invoices[:1]
        return credit_notes

    def _groupbuy_prepare_credit_note(self, before, reason):
        """:return: the values of a credit note with all its journal items, or {}"""
        self.ensure_one()
        if not before:
            return {}
        order = self.with_context(
            lang=self.partner_invoice_id.lang or self.env.lang
        ).with_company(self.company_id)
        before = {line.with_env(order.env): own for line, own in before.items()}
        after = {
            line: (min(quantity, line.product_uom_qty), line.price_unit)
            for line, (quantity, _price) in before.items()
        }
        for line in order.order_line:
            if line.groupbuy_allowance_of_id in before:
                after[line] = (line.product_uom_qty, line.price_unit)
        items = order._groupbuy_prepare_credit_items(before, after)
        if not items:
            return {}
        today = fields.Date.context_today(order)
        partner = order.partner_invoice_id.with_company(order.company_id)
        items.append(
            {
                "display_type": "payment_term",
                "account_id": partner.property_account_receivable_id.id,
                "partner_id": partner.commercial_partner_id.id,
                "date_maturity": today,
                "balance": -order.company_id.currency_id.round(
                    sum(item["balance"] for item in items)
                ),
                "amount_currency": -order.currency_id.round(
                    sum(item["amount_currency"] for item in items)
                ),
            }
        )
        return {
            **order._prepare_invoice(),
            "move_type": "out_refund",
            "ref": reason,
            "payment_reference": False,
            "invoice_date": today,
            "invoice_payment_term_id": False,
            "invoice_date_due": today,
            "invoice_line_ids": [],
            "line_ids": [Command.create(item) for item in items],
        }

    def _groupbuy_prepare_credit_items(self, before, after):
        """:return: the values of the journal items by which `before` becomes `after`

        Pieces taken off are one item. A new price is two: all of it back at the old
        one, and again at the new one, so that the pieces invoiced stay right.
        """
        was, was_taxes = self._groupbuy_compute_amounts(before)
        now, now_taxes = self._groupbuy_compute_amounts(after)
        items = []
        for line in {**before, **after}:
            price = line.price_unit
            quantity, old_price = before.get(line, (0.0, price))
            left, price = after.get(line, (0.0, price))
            if self.currency_id.compare_amounts(price, old_price):
                parts = [
                    (quantity, old_price, was.get(line), None),
                    (-left, price, None, now.get(line)),
                ]
            else:
                parts = [(quantity - left, price, was.get(line), now.get(line))]
            for pieces, part_price, first, second in parts:
                amounts = self._groupbuy_subtract(first, second)
                if pieces or amounts["amount_currency"] or amounts["balance"]:
                    items.append(
                        {
                            **self._groupbuy_prepare_product_item(
                                line, quantity=pieces, price_unit=part_price
                            ),
                            **amounts,
                        }
                    )
        for key in {**was_taxes, **now_taxes}:
            amounts = self._groupbuy_subtract(was_taxes.get(key), now_taxes.get(key))
            if amounts["amount_currency"] or amounts["balance"]:
                items.append({"display_type": "tax", **key, **amounts})
        return items

    def _groupbuy_subtract(self, first, second):
        """:return: `first` less `second`, rounded; what is no amount stays as it is"""
        first, second = first or {}, second or {}
        result = {"amount_currency": 0.0, "balance": 0.0, **second, **first}
        for names, currency in (
            (AMOUNTS, self.currency_id),
            (COMPANY_AMOUNTS, self.company_id.currency_id),
        ):
            for name in names:
                if name in result:
                    result[name] = currency.round(
                        first.get(name, 0.0) - second.get(name, 0.0)
                    )
        return result

    def _groupbuy_compute_amounts(self, billed):
        """Have the tax engine work out what `billed` costs, as a credit note's items.

        :return: ({order line: amounts}, {tax item's key: amounts})
        """
        lines = [line for line, (quantity, _price) in billed.items() if quantity]
        base_lines = [
            self._groupbuy_prepare_base_line(
                line,
                *billed[line],
                account_id=self._groupbuy_get_income_account(line),
                is_refund=True,
                sign=1,
                rate=self._groupbuy_get_rate(),
            )
            for line in lines
        ]
        results = self._groupbuy_compute_taxes(base_lines)
        amounts = {
            line: {
                **values,
                "price_subtotal": base_line["tax_details"]["total_excluded_currency"]
                + base_line["tax_details"]["delta_total_excluded_currency"],
                "price_total": base_line["tax_details"]["total_included_currency"],
            }
            for line, (base_line, values) in zip(
                lines, results["base_lines_to_update"], strict=True
            )
        }
        taxes = {}
        for vals in results["tax_lines_to_add"]:
            own = {
                name: vals.pop(name)
                for name in ("name", "tax_base_amount", "amount_currency", "balance")
            }
            taxes[frozendict(vals)] = own
        return amounts, taxes

    def _groupbuy_get_rate(self):
        """:return: the rate of the order's invoice, so that no exchange gain arises"""
        invoices = self.invoice_ids.filtered(lambda move: move.state == "posted")
        return invoices[:1].invoice_currency_rate or 1.0
