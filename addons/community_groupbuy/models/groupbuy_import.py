import logging
from pathlib import Path

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from .groupbuy_import_book import Book
from .groupbuy_import_columns import LANGS, SHEETS

_logger = logging.getLogger(__name__)

SHOWN_ERRORS = 20
# First key of the advisory lock: one import at a time in a company.
IMPORT_LOCK = 0x6762_696D  # "gbim"


class GroupbuyImport(models.AbstractModel):
    """Import products, pickup points and campaigns from Excel workbooks.

    Three steps: files are read into a `Book`, the book is compared with the database
    and gives errors or changes, the changes are written. Nothing is written if there
    is any error, and what has not changed is never written.
    """

    _name = "groupbuy.import"
    _description = "Group-buy Import"

    # === ENTRY POINTS === #

    @api.private
    def load_folder(self, path):
        """Import the workbooks of a folder of this machine, with its `pictures/`.

        :return: {sheet: {"new", "changed", "unchanged": number of rows}}
        :raise UserError: there is an error in the files; nothing is imported
        """
        folder = Path(path)
        if not folder.is_dir():
            raise UserError(self.env._("There is no folder %s.", path))
        paths = [
            file
            for file in [*folder.glob("*"), *folder.glob("pictures/*")]
            if file.is_file() and not file.name.startswith((".", "~$"))
        ]
        book = Book(self._get_sheets())
        self._read_files(book, {file.name: file.read_bytes() for file in sorted(paths)})
        self._plan(book)
        self._raise_errors(book)
        self._write(book)
        return {name: dict(counts) for name, counts in book.counts.items() if counts}

    def _prepare(self, name, content):
        """Read an upload and compare it with the database.

        :return: a `Book` with errors, or with counts and changes
        """
        book = Book(self._get_sheets())
        self._read_upload(book, name, content)
        self._plan(book)
        return book

    def _get_sheets(self):
        """Hook: the sheets that this import knows, from `groupbuy_import_columns`."""
        return SHEETS

    # === STEPS === #

    def _plan(self, book):
        """Find errors and changes; nothing is written."""
        self._check_importer()
        self._check_duplicates(book)
        importer = self._with_import_env()
        importer._plan_products(book)
        importer._plan_pickup_points(book)
        importer._plan_campaigns(book)

    def _write(self, book):
        """Write the changes of a book, all or none."""
        self._check_importer()
        self._raise_errors(book)
        if not any(book.changes.values()):
            return
        self.env.cr.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)",
            [IMPORT_LOCK, self.env.company.id],
        )
        if not self.env.cr.fetchone()[0]:
            raise UserError(self.env._("Another import is running: try again later."))
        importer = self._with_import_env()
        with self.env.cr.savepoint():
            importer._write_products(book)
            importer._write_pickup_points(book)
            importer._write_campaigns(book)
        _logger.info(
            "Group-buy import by %s: %s",
            self.env.user.login,
            {name: dict(counts) for name, counts in book.counts.items() if counts},
        )

    # === CHECKS === #

    def _check_importer(self):
        group = "community_groupbuy.group_manager"
        if not self.env.su and not self.env.user.has_group(group):
            raise AccessError(self.env._("Only group-buy administrators can import."))

    def _raise_errors(self, book):
        if not book.errors:
            return
        lines = [str(error) for error in book.errors[:SHOWN_ERRORS]]
        if len(book.errors) > SHOWN_ERRORS:
            lines.append(self.env._("… and %s more.", len(book.errors) - SHOWN_ERRORS))
        raise UserError("\n".join(lines))

    def _check_duplicates(self, book):
        for sheet in self._get_sheets():
            seen = {}
            for row in book.rows[sheet.name]:
                if None in row.key:
                    continue
                first = seen.setdefault(row.key, row)
                if first is not row:
                    book.add_error(
                        self.env._(
                            "%(key)s is already in %(place)s.",
                            key=" + ".join(str(part) for part in row.key),
                            place=first.get_place(sheet.key[-1]),
                        ),
                        row=row,
                        name=sheet.key[-1],
                    )

    # === ENVIRONMENT AND LANGUAGES === #

    def _with_import_env(self):
        """Work with all rights: to import is the administrator's right as a whole.

        Stock, categories and prices belong to apps where an administrator of group
        buys may have no rights of his own. Everything that is searched or written
        names the company.
        """
        return self.sudo().with_context(
            tracking_disable=True, mail_create_nosubscribe=True, active_test=True
        )

    def _get_main_lang(self):
        """:return: the language of the columns without a language"""
        return "zh_CN" if "zh_CN" in self._get_langs() else "en_US"

    def _get_langs(self):
        """:return: the languages of `LANGS` that terms are kept in"""
        installed = {code for code, _name in self.env["res.lang"].get_installed()}
        return [code for code in LANGS if code in installed or code == "en_US"]

    def _write_terms(self, field, terms):
        """Write a translated field.

        :param terms: [(record, {lang: value})]
        """
        main = self._get_main_lang()
        langs = [main, *(lang for lang in reversed(LANGS) if lang != main)]
        for lang in langs:
            for record, values in terms:
                localized = record.with_context(lang=lang)
                if lang in values and localized[field] != values[lang]:
                    localized[field] = values[lang]

    def _get_terms(self, record, field, value, translations=None):
        """:return: {lang: value} of a translated field whose main term is `value`

        A language without a translation of its own follows the main one, until an
        operator translates it.
        """
        main = self._get_main_lang()
        old = {
            lang: record.with_context(lang=lang)[field] for lang in self._get_langs()
        }
        return {
            lang: (translations or {}).get(lang)
            or (value if lang == main or before == old[main] else before)
            for lang, before in old.items()
        }
