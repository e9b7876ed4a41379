"""What an import has read: rows with their places, pictures, errors and counts."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from .groupbuy_import_columns import SHEETS, Sheet


class CellError(Exception):
    """A cell that cannot be read; the message is translated."""


class ImportProblem(NamedTuple):
    """An error and its place: workbook, cell such as 商品!H17, translated message."""

    file: str
    cell: str
    message: str

    def __str__(self):
        place = " ".join(part for part in (self.file, self.cell) if part)
        return f"{place}: {self.message}" if place else self.message


@dataclass
class Row:
    """A row of a sheet: where it is, what its cells say."""

    sheet: Sheet
    file: str
    title: str
    number: int
    letters: dict
    values: dict = field(default_factory=dict)
    broken: bool = False

    @property
    def key(self):
        return tuple(self.values.get(name) for name in self.sheet.key)

    def get_place(self, name=None):
        """:return: "商品!H17"; without that column "商品!17" """
        return f"{self.title}!{self.letters.get(name, '')}{self.number}"


class Change(NamedTuple):
    """What a row asks for: `values` by column name, on `record` or on a new one."""

    row: Row
    record: object
    values: dict


class Book:
    """All workbooks of one import together."""

    def __init__(self, sheets=SHEETS):
        self.rows = {sheet.name: [] for sheet in sheets}
        self.changes = {sheet.name: [] for sheet in sheets}
        self.counts = {sheet.name: Counter() for sheet in sheets}
        self.pictures = {}  # file name: content
        self.stored_pictures = {}  # checksum as stored: content
        self.taxes = {}  # percentage: tax
        self.errors = []

    def add_error(self, message, row=None, name=None, file="", cell=""):
        """Note an error at a row's column, or at a cell of a file."""
        if row:
            row.broken = True
            file, cell = row.file, row.get_place(name)
        self.errors.append(ImportProblem(file, cell, message))

    def get_sound_rows(self, sheet):
        """:return: the rows of that sheet that could be read"""
        return [row for row in self.rows[sheet.name] if not row.broken]

    def add_change(self, row, record, values):
        """Note what a row asks for, and count it as new, changed or unchanged."""
        kind = "new" if not record else "changed" if values else "unchanged"
        self.counts[row.sheet.name][kind] += 1
        if kind != "unchanged":
            self.changes[row.sheet.name].append(Change(row, record, values))
