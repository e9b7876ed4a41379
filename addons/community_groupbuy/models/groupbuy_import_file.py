import io
import zipfile
from pathlib import PurePosixPath

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from odoo import models

from .groupbuy_import_book import CellError, Row
from .groupbuy_import_cell import normalize
from .groupbuy_import_columns import HELP_TITLES, LANGS

MAX_ROWS = 20_000
MAX_BYTES = 100 * 1024 * 1024
MAX_ENTRIES = 10_000
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
ENCRYPTED = 0x1
# What Excel's own archive always holds and a folder of workbooks never does.
WORKBOOK_ENTRY = "[Content_Types].xml"


def _title_key(text):
    """Titles are compared without spaces, case and full-width forms."""
    return "".join(normalize(str(text)).casefold().split())


class GroupbuyImport(models.AbstractModel):
    """From files to rows: archives, workbooks, sheets, titles."""

    _inherit = "groupbuy.import"

    # === FILES === #

    def _read_upload(self, book, name, content):
        """Read a workbook, or an archive of workbooks and pictures, into `book`."""
        archive = self._open_archive(book, name, content)
        if archive is None:
            return
        with archive:
            if WORKBOOK_ENTRY in archive.namelist():
                self._read_workbook(book, name, content)
                return
            self._read_files(book, self._unpack(book, name, archive))

    def _read_files(self, book, files):
        """Read workbooks and pictures, {name: content}, into `book`."""
        workbooks = {}
        for name, content in files.items():
            suffix = PurePosixPath(name).suffix.lower()
            if suffix in PICTURE_SUFFIXES:
                book.pictures[name] = content
            elif suffix == ".xlsx":
                workbooks[name] = content
            elif suffix in (".xls", ".ods", ".csv"):
                book.add_error(
                    self.env._("Save this file as an Excel workbook (.xlsx) first."),
                    file=name,
                )
        if not workbooks and not book.errors:
            book.add_error(self.env._("There is no Excel workbook (.xlsx) in it."))
        for name, content in workbooks.items():
            archive = self._open_archive(book, name, content)
            if archive:
                archive.close()
                self._read_workbook(book, name, content)

    def _open_archive(self, book, name, content):
        """:return: the archive, once it is known to be harmless; None: it is not"""
        error = None
        try:
            archive = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            error = self.env._(
                "This is neither an Excel workbook (.xlsx) nor a zip archive."
            )
        else:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                error = self.env._("The archive holds more than 10,000 files.")
            elif sum(entry.file_size for entry in entries) > MAX_BYTES:
                error = self.env._("Unpacked, the file is over 100 MB.")
            elif any(entry.flag_bits & ENCRYPTED for entry in entries):
                error = self.env._("The file is protected by a password.")
            elif any(
                entry.filename.startswith(("/", "\\"))
                or ".." in entry.filename.replace("\\", "/").split("/")
                for entry in entries
            ):
                error = self.env._("The archive holds a path that leads out of it.")
        if error:
            book.add_error(error, file=name)
            return None
        return archive

    def _unpack(self, book, name, archive):
        """:return: {file name: content} of an archive; folders play no part"""
        files = {}
        for entry in archive.infolist():
            path = PurePosixPath(self._get_entry_name(entry).replace("\\", "/"))
            hidden = any(
                part.startswith((".", "__MACOSX", "~$")) for part in path.parts
            )
            if entry.is_dir() or hidden:
                continue
            if path.name in files:
                book.add_error(
                    self.env._("Two files in the archive have this name."),
                    file=path.name,
                )
            try:
                # Never more than the entry declares, which has been added up.
                with archive.open(entry) as stream:
                    files[path.name] = stream.read(entry.file_size)
            except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError):
                book.add_error(self.env._("The archive is damaged."), file=name)
        return files

    def _get_entry_name(self, entry):
        """:return: the name also where Windows packed it with a Chinese code page"""
        if entry.flag_bits & 0x800:
            return entry.filename
        raw = entry.filename.encode("cp437", errors="replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                continue
        return entry.filename

    # === SHEETS === #

    def _read_workbook(self, book, name, content):
        try:
            workbook = values = load_workbook(io.BytesIO(content))
            if self._has_formulas(workbook):
                # They are read as what Excel calculated last.
                values = load_workbook(io.BytesIO(content), data_only=True)
        except Exception:
            # openpyxl raises whatever its XML meets.
            book.add_error(
                self.env._("This is not an Excel workbook (.xlsx), or it is damaged."),
                file=name,
            )
            return
        known = {
            _title_key(title): sheet
            for sheet in self._get_sheets()
            for title in sheet.titles
        }
        passed_over = {_title_key(title) for title in HELP_TITLES}
        found = False
        for worksheet in workbook.worksheets:
            key = _title_key(worksheet.title)
            if key in known:
                found = True
                self._read_sheet(
                    book, name, known[key], worksheet, values[worksheet.title]
                )
            elif key not in passed_over and worksheet.max_row > 1:
                book.add_error(
                    self.env._(
                        "This sheet is unknown. Sheets are called: %s.",
                        self._get_sheet_titles(),
                    ),
                    file=name,
                    cell=worksheet.title,
                )
        if not found:
            book.add_error(
                self.env._(
                    "No sheet to import was found. Sheets are called: %s.",
                    self._get_sheet_titles(),
                ),
                file=name,
            )

    def _has_formulas(self, workbook):
        return any(
            cell.data_type == "f"
            for worksheet in workbook.worksheets
            for cells in worksheet.iter_rows()
            for cell in cells
        )

    def _get_title_index(self):
        """:return: the position in `LANGS` of the user's language, English otherwise"""
        return LANGS.index(self.env.lang) if self.env.lang in LANGS else -1

    def _get_sheet_titles(self):
        index = self._get_title_index()
        return ", ".join(sheet.titles[index] for sheet in self._get_sheets())

    def _read_sheet(self, book, name, sheet, worksheet, values):
        for merged in worksheet.merged_cells.ranges:
            book.add_error(
                self.env._("Cells are merged here: split them, one value in each."),
                file=name,
                cell=f"{worksheet.title}!{merged.coord}",
            )
        columns = self._read_titles(book, name, sheet, worksheet)
        if columns is None:
            return
        letters = {
            column.name: get_column_letter(position)
            for position, column in columns.items()
        }
        count = 0
        for cells, shown in zip(
            worksheet.iter_rows(min_row=2), values.iter_rows(min_row=2), strict=True
        ):
            if all(cell.value in (None, "") for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS:
                book.add_error(
                    self.env._("The sheet has more than 20,000 rows."),
                    file=name,
                    cell=worksheet.title,
                )
                return
            row = Row(sheet, name, worksheet.title, cells[0].row, letters)
            self._read_row(book, row, columns, cells, shown)
            book.rows[sheet.name].append(row)

    def _read_titles(self, book, name, sheet, worksheet):
        """:return: {position from 1: column}; None when the titles are wrong"""
        known = {
            _title_key(title): column
            for column in sheet.columns
            for title in column.titles
        }
        errors = len(book.errors)
        columns = {}
        for cell in next(worksheet.iter_rows(min_row=1, max_row=1)):
            if cell.value in (None, ""):
                continue
            column = known.get(_title_key(cell.value))
            place = {"file": name, "cell": f"{worksheet.title}!{cell.coordinate}"}
            if not column:
                book.add_error(
                    self.env._("The column “%s” is unknown.", cell.value), **place
                )
            elif column in columns.values():
                book.add_error(
                    self.env._("The column “%s” is there twice.", cell.value), **place
                )
            else:
                columns[cell.column] = column
        for column in sheet.columns:
            if column.required and column not in columns.values():
                book.add_error(
                    self.env._(
                        "The column “%s” is missing in row 1.",
                        column.titles[self._get_title_index()],
                    ),
                    file=name,
                    cell=f"{worksheet.title}!1",
                )
        return columns if len(book.errors) == errors else None

    def _read_row(self, book, row, columns, cells, shown):
        for cell, value in zip(cells, shown, strict=True):
            column = columns.get(cell.column)
            if not column:
                if cell.value not in (None, ""):
                    row.broken = True
                    book.add_error(
                        self.env._("This column has no title in row 1."),
                        file=row.file,
                        cell=f"{row.title}!{cell.coordinate}",
                    )
                continue
            try:
                if cell.data_type == "f" and value.value is None:
                    raise CellError(
                        self.env._(
                            "The formula has no result: open and save the file in "
                            "Excel, or put in the value."
                        )
                    )
                row.values[column.name] = self._read_cell(book, column, value)
            except CellError as error:
                book.add_error(str(error), row=row, name=column.name)
