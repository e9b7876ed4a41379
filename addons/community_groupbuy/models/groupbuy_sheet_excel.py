import re
import tempfile

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from odoo import api, models

# What Excel refuses in the name of a worksheet, and how long it may be.
FORBIDDEN = re.compile(r"[\[\]:*?/\\]|^'|'$")
MAX_NAME = 31
# Excel's limit of page breaks in a worksheet is 1,023.
MAX_BREAKS = 1000


class GroupbuySheet(models.AbstractModel):
    """Sheets as Excel workbooks: a worksheet per page, flat, to filter and to print."""

    _inherit = "groupbuy.sheet"

    @api.model
    def _write_workbook(self, sheet):
        """Write a gathered sheet row by row, so that memory does not grow with it.

        :return: an open temporary file
        """
        file = tempfile.TemporaryFile(suffix=".xlsx")
        workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
        formats = {
            "title": workbook.add_format({"bold": True, "font_size": 14}),
            "head": workbook.add_format(
                {"bold": True, "bottom": 1, "bg_color": "#EEEEEE", "text_wrap": True}
            ),
            # The first row of a block, so that points stand out in print.
            "first": workbook.add_format({"top": 1}),
            "cell": workbook.add_format({"top": 4, "top_color": "#CCCCCC"}),
            "total": workbook.add_format({"bold": True, "top": 1}),
        }
        names = set()
        for page in sheet["pages"]:
            name = self._get_worksheet_name(page["title"] or sheet["title"], names)
            self._write_page(workbook.add_worksheet(name), sheet, page, formats)
        workbook.close()
        return file

    @api.model
    def _get_worksheet_name(self, title, names):
        base = FORBIDDEN.sub(" ", title).strip()[:MAX_NAME] or "1"
        name, number = base, 1
        while name.lower() in names:
            number += 1
            suffix = f" {number}"
            name = base[: MAX_NAME - len(suffix)] + suffix
        names.add(name.lower())
        return name

    @api.model
    def _write_page(self, worksheet, sheet, page, formats):
        columns = [(label, width) for label, width in sheet["labels"]]
        columns += [(label, width) for label, width, _number in sheet["columns"]]
        for number, (_label, width) in enumerate(columns):
            worksheet.set_column(number, number, width)
        worksheet.set_landscape()
        worksheet.set_paper(9)  # A4
        worksheet.fit_to_pages(1, 0)
        worksheet.repeat_rows(0, 1)
        worksheet.freeze_panes(2, 0)
        worksheet.set_footer("&C&P / &N")
        title = " · ".join(filter(None, [sheet["title"], sheet["date"], page["title"]]))
        worksheet.write_string(
            0, 0, " · ".join([title, *page["facts"]]), formats["title"]
        )
        for number, (label, _width) in enumerate(columns):
            worksheet.write_string(1, number, label, formats["head"])
        row, breaks = 2, []
        for block in page["blocks"]:
            if row > 2:
                breaks.append(row)
            style = formats["first"]
            for cells in block["rows"]:
                self._write_row(worksheet, row, [*block["values"], *cells], style)
                style = formats["cell"]
                row += 1
        if sheet["kind"] != "manifest":
            # A manifest is a short list that a driver keeps together.
            worksheet.set_h_pagebreaks(breaks[:MAX_BREAKS])
        worksheet.autofilter(1, 0, max(row - 1, 2), len(columns) - 1)
        quantity = len(sheet["labels"]) + next(
            number for number, column in enumerate(sheet["columns"]) if column[2]
        )
        worksheet.write_string(row, 0, self.env._("Total"), formats["total"])
        column = xl_col_to_name(quantity)
        # Follows the filter.
        worksheet.write_formula(
            row,
            quantity,
            f"=SUBTOTAL(109,{column}3:{column}{row})",
            formats["total"],
            sum(block["total"] for block in page["blocks"]),
        )

    @api.model
    def _write_row(self, worksheet, row, cells, style):
        for column, value in enumerate(cells):
            if isinstance(value, (int, float)):
                worksheet.write_number(row, column, value, style)
            elif value:
                # As text, whatever it begins with: a name is no formula.
                worksheet.write_string(row, column, value, style)
            else:
                worksheet.write_blank(row, column, None, style)
