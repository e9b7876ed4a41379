import tempfile

import xlsxwriter

from odoo import models
from odoo.tools import SQL, format_date

# What is comfortable to read on paper; the workbook has everything.
PDF_LINES = 2000


class GroupbuySettlement(models.Model):
    """Statements: every share of a settlement, with the order line it comes from."""

    _inherit = "groupbuy.settlement"

    def _get_statement(self, limit=None):
        """Gather what a statement says, by two queries however long it is.

        :param int limit: of lines
        :return: {"kinds": [(label, lines, amount)], "count": lines in all, "columns":
            [(label, width in characters)], "rows": one value per column: dates, texts,
            and the amount in the company's currency}
        """
        self.ensure_one()
        labels = dict(
            self.env["groupbuy.ledger.entry"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        kinds = self.env.execute_query(
            SQL(
                "SELECT kind, COUNT(*), SUM(amount)::float FROM groupbuy_ledger_entry"
                " WHERE settlement_id = %s GROUP BY kind ORDER BY kind",
                self.id,
            )
        )
        return {
            "kinds": [(labels[kind], count, amount) for kind, count, amount in kinds],
            "count": sum(count for _kind, count, _amount in kinds),
            "columns": [
                (self.env._("Received On"), 12),
                (self.env._("Order"), 14),
                (self.env._("Order Line"), 10),
                (self.env._("Product"), 40),
                (self.env._("Quantity"), 10),
                (self.env._("Share"), 14),
                (self.env._("Amount"), 14),
            ],
            "rows": self._get_statement_rows(labels, limit),
        }

    def _get_statement_rows(self, labels, limit=None):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.earned_at, o.name, l.id, l.name, l.product_uom_qty, e.kind,
                       e.amount
                  FROM groupbuy_ledger_entry AS e
             LEFT JOIN sale_order AS o ON o.id = e.order_id
             LEFT JOIN sale_order_line AS l ON l.id = e.sale_line_id
                 WHERE e.settlement_id = %s
              ORDER BY e.earned_at, e.order_id, e.sale_line_id, e.id
                 LIMIT %s
                """,
                self.id,
                limit,
            )
        )
        zone = self.company_id
        return [
            (
                zone._get_groupbuy_date(earned_at),
                order or "",
                line or "",
                (name or "").split("\n")[0],
                float(quantity or 0),
                labels[kind],
                float(amount),
            )
            for earned_at, order, line, name, quantity, kind, amount in rows
        ]

    def _get_pdf_statement(self):
        """:return: see `_get_statement`; as many lines as are printed"""
        return self._get_statement(limit=PDF_LINES)

    def _write_workbook(self):
        """Write this statement row by row, so that memory does not grow with it.

        :return: an open temporary file
        """
        self.ensure_one()
        statement = self._get_statement()
        file = tempfile.TemporaryFile(suffix=".xlsx")
        workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
        bold = workbook.add_format({"bold": True})
        head = workbook.add_format({"bold": True, "bottom": 1, "bg_color": "#EEEEEE"})
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        money = workbook.add_format({"num_format": "#,##0.00"})
        total = workbook.add_format({"num_format": "#,##0.00", "bold": True, "top": 1})
        sheet = workbook.add_worksheet(self.env._("Statement")[:31])
        for number, (_label, width) in enumerate(statement["columns"]):
            sheet.set_column(number, number, width)
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        facts = [self.name, self.payee_id.name, self._get_period_text()]
        sheet.write_string(0, 0, " · ".join(filter(None, facts)), bold)
        for number, (label, _width) in enumerate(statement["columns"]):
            sheet.write_string(1, number, label, head)
        sheet.freeze_panes(2, 0)
        last = len(statement["columns"]) - 1
        row = 2
        for cells in statement["rows"]:
            sheet.write_datetime(row, 0, cells[0], day)
            for number, value in enumerate(cells[1:last], 1):
                if isinstance(value, (int, float)):
                    sheet.write_number(row, number, value)
                else:
                    # As text, whatever it begins with: a name is no formula.
                    sheet.write_string(row, number, value)
            sheet.write_number(row, last, cells[last], money)
            row += 1
        sheet.write_string(row, 0, self.env._("Total"), bold)
        sheet.write_number(row, last, self.amount, total)
        workbook.close()
        return file

    def _get_period_text(self):
        return " – ".join(
            format_date(self.env, day) for day in (self.date_from, self.date_to)
        )
