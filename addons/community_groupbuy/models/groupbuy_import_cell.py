import base64
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import pytz

from odoo import models
from odoo.tools import float_compare
from odoo.tools.image import image_process
from odoo.tools.mimetypes import guess_mimetype

from .groupbuy_import_book import CellError

TEXT_LENGTH = {"code": 64, "text": 256, "path": 256, "paragraphs": 20_000}
PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp")
MAX_PICTURE_BYTES = 10 * 1024 * 1024
RELATIVE = re.compile(
    r"(?:今天|今日|today)\s*(?:([+-])\s*(\d{1,4}))?(?:\s+(\d{1,2}):(\d{2}))?",
    re.IGNORECASE,
)
ABSOLUTE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[\sT]+(\d{1,2}):(\d{2})(?::\d{2})?)?"
)
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")


class Moment(NamedTuple):
    """A time, UTC, and whether it was given relative to the day of the import."""

    utc: datetime
    relative: bool


def normalize(text):
    """:return: text as it is compared: full-width forms narrow, no space around"""
    return unicodedata.normalize("NFKC", text).strip()


class GroupbuyImport(models.AbstractModel):
    """How each kind of cell is read; see the kinds in `groupbuy_import_columns`."""

    _inherit = "groupbuy.import"

    def _read_cell(self, book, column, cell):
        """:return: the value of an openpyxl cell
        :raise CellError: it is not what the column wants
        """
        value = cell.value
        if isinstance(value, str):
            value = value.strip()
        if value is None or value == "":
            if column.required:
                raise CellError(self.env._("This cell must be filled in."))
            return column.get_empty()
        if cell.data_type == "e":
            raise CellError(self.env._("The cell shows the error %s.", value))
        return getattr(self, f"_read_{column.kind}")(book, column, cell, value)

    # === TEXT === #

    def _read_text(self, book, column, cell, value):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool | datetime | date | time | timedelta):
            raise CellError(self.env._("Text is expected here: %s", value))
        text = str(value)
        limit = TEXT_LENGTH[column.kind]
        if len(text) > limit:
            raise CellError(
                self.env._(
                    "The text has %(length)s characters, at most %(limit)s fit.",
                    length=len(text),
                    limit=limit,
                )
            )
        if column.kind != "paragraphs" and not text.isprintable():
            raise CellError(
                self.env._("Line breaks and control characters do not belong here.")
            )
        return text

    _read_paragraphs = _read_text

    def _read_code(self, book, column, cell, value):
        return normalize(self._read_text(book, column, cell, value))

    def _read_codes(self, book, column, cell, value):
        codes = re.split(r"[、,，;；\n]", str(value))
        return frozenset(normalize(code) for code in codes if code.strip())

    def _read_path(self, book, column, cell, value):
        text = self._read_text(book, column, cell, value).replace("／", "/")
        names = [name.strip() for name in text.split("/")]
        if not all(names):
            raise CellError(
                self.env._("A level of the path is empty: %s", text),
            )
        return " / ".join(names)

    def _read_choice(self, book, column, cell, value):
        wanted = normalize(str(value)).casefold()
        for choice, titles in column.choices.items():
            if wanted in {normalize(title).casefold() for title in titles}:
                return choice
        raise CellError(
            self.env._(
                "“%(value)s” is not one of: %(choices)s.",
                value=value,
                choices=", ".join(
                    titles[self._get_title_index()]
                    for titles in column.choices.values()
                ),
            )
        )

    # === NUMBERS === #

    def _read_number(self, column, value):
        if isinstance(value, str):
            text = (
                normalize(value).removesuffix("%")
                if column.kind == "percent"
                else (normalize(value))
            )
            if not NUMBER.fullmatch(text):
                raise CellError(self.env._("“%s” is not a number.", value))
            value = float(text)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CellError(self.env._("A number is expected here, not %s.", value))
        if not column.minimum <= value <= column.maximum:
            raise CellError(
                self.env._(
                    "%(value)s is not between %(minimum)s and %(maximum)s.",
                    value=value,
                    minimum=f"{column.minimum:,}",
                    maximum=f"{column.maximum:,}",
                )
            )
        return value

    def _read_integer(self, book, column, cell, value):
        number = self._read_number(column, value)
        if number != int(number):
            raise CellError(self.env._("A whole number is expected, not %s.", value))
        return int(number)

    def _read_money(self, book, column, cell, value):
        number = self._read_number(column, value)
        # Formulas leave 26.099999999 where 26.10 is meant; 26.105 is a mistake.
        if float_compare(number, round(number, 2), precision_digits=6):
            raise CellError(self.env._("%s has more than two decimals.", value))
        return round(float(number), 2)

    def _read_percent(self, book, column, cell, value):
        if isinstance(value, int | float) and "%" in (cell.number_format or ""):
            # Shown as 9 %, kept by Excel as 0.09.
            value = value * 100
        return round(float(self._read_number(column, value)), 4)

    def _read_degrees(self, book, column, cell, value):
        return round(float(self._read_number(column, value)), 7)

    # === TIMES === #

    def _read_datetime(self, book, column, cell, value):
        relative = False
        if isinstance(value, datetime):
            local = value.replace(microsecond=0)
        elif isinstance(value, date):
            local = datetime.combine(value, time())
        elif isinstance(value, str):
            text = normalize(value)
            match = RELATIVE.fullmatch(text)
            relative = bool(match)
            try:
                local = (
                    self._get_relative_time(match)
                    if match
                    else self._get_absolute_time(text)
                )
            except (ValueError, OverflowError):
                local = None
        else:
            local = None
        if not local or not 2000 <= local.year <= 2100:
            raise CellError(
                self.env._(
                    "“%s” is not a date and time such as 2026-12-01 20:00 or "
                    "today+3 20:00.",
                    value,
                )
            )
        zone = pytz.timezone(self._get_timezone())
        return Moment(
            zone.localize(local).astimezone(pytz.utc).replace(tzinfo=None), relative
        )

    def _get_relative_time(self, match):
        sign, days, hour, minute = match.groups()
        today = datetime.now(pytz.timezone(self._get_timezone())).date()
        shift = timedelta(days=int(days or 0))
        day = today - shift if sign == "-" else today + shift
        return datetime.combine(day, time(int(hour or 0), int(minute or 0)))

    def _get_absolute_time(self, text):
        match = ABSOLUTE.fullmatch(text)
        return match and datetime(*(int(part or 0) for part in match.groups()))

    def _get_timezone(self):
        """:return: the time zone that times in workbooks are meant in"""
        return self.env.company._get_groupbuy_zone()

    # === PICTURES === #

    def _read_picture(self, book, column, cell, value):
        """:return: the checksum under which the picture will be stored"""
        if not book.pictures:
            # A workbook on its own, say with new prices: the pictures stay.
            return None
        name = str(value)
        content = book.pictures.get(name)
        if content is None:
            raise CellError(self.env._("There is no picture “%s”.", name))
        if len(content) > MAX_PICTURE_BYTES:
            raise CellError(self.env._("The picture “%s” is over 10 MB.", name))
        if guess_mimetype(content) not in PICTURE_TYPES:
            raise CellError(
                self.env._("“%s” is not a PNG, JPEG or WebP picture.", name)
            )
        stored = self._get_stored_picture(name, content)
        checksum = self.env["ir.attachment"]._compute_checksum(stored)
        book.stored_pictures[checksum] = base64.b64encode(content)
        return checksum

    def _get_stored_picture(self, name, content):
        """:return: the picture as a field keeps it, to tell whether it changed"""
        try:
            if guess_mimetype(content) == "image/webp":
                # Odoo neither decodes nor resizes WebP; its header tells its length.
                if len(content) < int.from_bytes(content[4:8], "little") + 8:
                    raise ValueError("truncated")
                return content
            return image_process(content, size=(1920, 1920), verify_resolution=True)
        except Exception as error:
            raise CellError(
                self.env._("The picture “%s” is damaged or too large.", name)
            ) from error
