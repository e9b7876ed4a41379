import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from odoo import models

from .groupbuy_import_columns import HELP_TITLES
from .groupbuy_import_file import MAX_ROWS

WIDTHS = {"text": 24, "path": 24, "paragraphs": 50, "datetime": 18}


class GroupbuyImport(models.AbstractModel):
    """The empty workbook that operators start from, in their language."""

    _inherit = "groupbuy.import"

    def _get_template(self):
        """:return: an empty workbook with all sheets and one that explains them"""
        workbook = Workbook()
        workbook.remove(workbook.active)
        for sheet in self._get_sheets():
            self._add_empty_sheet(workbook, sheet)
        self._add_help_sheet(workbook)
        stream = io.BytesIO()
        workbook.save(stream)
        return stream.getvalue()

    def _get_template_name(self):
        return self.env._("Group-buy import.xlsx")

    def _add_empty_sheet(self, workbook, sheet):
        worksheet = workbook.create_sheet(sheet.get_title(self.env.lang))
        worksheet.append([column.get_title(self.env.lang) for column in sheet.columns])
        worksheet.freeze_panes = "A2"
        for position, column in enumerate(sheet.columns, 1):
            letter = get_column_letter(position)
            worksheet.cell(1, position).font = Font(bold=True)
            worksheet.column_dimensions[letter].width = WIDTHS.get(column.kind, 14)
            if column.choices:
                choices = ",".join(self._get_choice_titles(column))
                validation = DataValidation("list", formula1=f'"{choices}"')
                validation.add(f"{letter}2:{letter}{MAX_ROWS}")
                worksheet.add_data_validation(validation)

    def _get_choice_titles(self, column):
        """:return: what a cell of this column may say, in the user's language"""
        index = self._get_title_index()
        return [titles[index] for titles in column.choices.values()]

    def _add_help_sheet(self, workbook):
        worksheet = workbook.create_sheet(HELP_TITLES[self._get_title_index()])
        worksheet.append(
            [
                self.env._("Sheet"),
                self.env._("Column"),
                self.env._("Required"),
                self.env._("What it says"),
                self.env._("One of"),
                self.env._("Example"),
            ]
        )
        for cell in worksheet[1]:
            cell.font = Font(bold=True)
        for sheet in self._get_sheets():
            title = sheet.get_title(self.env.lang)
            worksheet.append([title, None, None, self.env._(sheet.help)])
            for column in sheet.columns:
                worksheet.append(
                    [
                        title,
                        column.get_title(self.env.lang),
                        self.env._("Yes") if column.required else None,
                        self.env._(column.help),
                        column.choices and ", ".join(self._get_choice_titles(column)),
                        column.example,
                    ]
                )
        worksheet.freeze_panes = "A2"
        for letter, width in zip("ABCDEF", (16, 20, 10, 80, 40, 20), strict=True):
            worksheet.column_dimensions[letter].width = width
        for (cell,) in worksheet.iter_rows(min_row=2, min_col=4, max_col=4):
            cell.alignment = Alignment(wrap_text=True, vertical="top")
