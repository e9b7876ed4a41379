import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.groupbuy_import_columns import SHEETS

SHOWN_ERRORS = 500


class GroupbuyImportWizard(models.TransientModel):
    """Upload, look at what would happen, import."""

    _name = "groupbuy.import.wizard"
    _description = "Import Products, Pickup Points and Campaigns"

    state = fields.Selection(
        [("upload", "Upload"), ("preview", "Preview"), ("done", "Imported")],
        default="upload",
        required=True,
    )
    file = fields.Binary(
        help="An Excel workbook (.xlsx), or a zip archive of workbooks and a folder "
        "pictures/."
    )
    file_name = fields.Char()
    template_file = fields.Binary(compute="_compute_template_file")
    line_ids = fields.One2many("groupbuy.import.wizard.line", "wizard_id")
    error_ids = fields.One2many("groupbuy.import.wizard.error", "wizard_id")
    error_count = fields.Integer()
    change_count = fields.Integer(compute="_compute_change_count")

    @api.depends_context("lang")
    def _compute_template_file(self):
        template = base64.b64encode(self.env["groupbuy.import"]._get_template())
        self.template_file = template

    @api.depends("line_ids.new", "line_ids.changed")
    def _compute_change_count(self):
        for wizard in self:
            lines = wizard.line_ids
            wizard.change_count = sum(lines.mapped("new") + lines.mapped("changed"))

    def action_download_template(self):
        """Download an empty workbook with explanations in the user's language."""
        self.ensure_one()
        name = self.env["groupbuy.import"]._get_template_name()
        return {
            "type": "ir.actions.act_url",
            "target": "download",
            "url": f"/web/content/{self._name}/{self.id}/template_file/{name}"
            "?download=true",
        }

    def action_preview(self):
        """Read the file and show what would happen; nothing is imported."""
        self._show(self._prepare(), "preview")
        return self._reopen()

    def action_import(self):
        """Import the file, unless it has an error."""
        book = self._prepare()
        if book.errors:
            self._show(book, "preview")
            return self._reopen()
        self.env["groupbuy.import"]._write(book)
        self._show(book, "done")
        return self._reopen()

    def action_back(self):
        """Choose another file."""
        self.write({"state": "upload", "file": False, "file_name": False})
        return self._reopen()

    def _prepare(self):
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        content = base64.b64decode(self.with_context(bin_size=False).file)
        return self.env["groupbuy.import"]._prepare(self.file_name or "", content)

    def _show(self, book, state):
        """Show what a book would do or has done."""
        self.line_ids.unlink()
        self.error_ids.unlink()
        self.write(
            {
                "state": state,
                "error_count": len(book.errors),
                "line_ids": [
                    fields.Command.create(
                        {"name": sheet.get_title(self.env.lang), **counts}
                    )
                    for sheet in SHEETS
                    if (counts := book.counts[sheet.name])
                ],
                "error_ids": [
                    fields.Command.create(error._asdict())
                    for error in book.errors[:SHOWN_ERRORS]
                ],
            }
        )

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Import"),
        }


class GroupbuyImportWizardLine(models.TransientModel):
    _name = "groupbuy.import.wizard.line"
    _description = "What an Import Does to One Kind of Record"

    wizard_id = fields.Many2one(
        "groupbuy.import.wizard", required=True, index=True, ondelete="cascade"
    )
    name = fields.Char(string="Sheet")
    new = fields.Integer()
    changed = fields.Integer()
    unchanged = fields.Integer()


class GroupbuyImportWizardError(models.TransientModel):
    _name = "groupbuy.import.wizard.error"
    _description = "Import Error"

    wizard_id = fields.Many2one(
        "groupbuy.import.wizard", required=True, index=True, ondelete="cascade"
    )
    file = fields.Char()
    cell = fields.Char()
    message = fields.Char(string="Error")
