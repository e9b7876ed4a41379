import base64
import io

from openpyxl import load_workbook

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.community_groupbuy.record_id import find_record

from .groupbuy_merchant_import_columns import MERCHANT_PRODUCTS

MAX_MB = 10
SHOWN_ERRORS = 200


class GroupbuyMerchantUpload(models.TransientModel):
    """A workbook between its check and its import; its uploader's alone."""

    _name = "groupbuy.merchant.upload"
    _description = "Merchant's Workbook"

    name = fields.Char(required=True)
    file = fields.Binary(required=True, attachment=False)


class GroupbuyMerchant(models.Model):
    """Products in and out by Excel."""

    _inherit = "groupbuy.merchant"

    @api.model
    def check_import(self, name, content):
        """Read a workbook with products and compare it with the shop; nothing changes.

        :param str name: of the file
        :param str content: of the file, base64, up to 10 MB
        :return: {"upload_id": int, or False where there are errors, "new", "changed",
            "unchanged": rows, "error_count": int, "errors": the first 200 as
            [{"cell": "商品!H17", "message": str}]}
        :raise AccessError: the user does not work on a merchant's goods
        :raise UserError: the merchant does not sell, or this is no file
        """
        self._check_shop()
        name, raw = self._read_workbook_upload(name, content)
        book = self.env["groupbuy.merchant.import"]._prepare(name, raw)
        counts = book.counts[MERCHANT_PRODUCTS.name]
        upload_sudo = self.env["groupbuy.merchant.upload"].sudo()
        if not book.errors:
            # Users of the portal have no rights on it but by these two methods.
            upload_sudo = upload_sudo.create(
                {"name": name, "file": base64.b64encode(raw)}
            )
        return {
            "upload_id": upload_sudo.id,
            **{kind: counts[kind] for kind in ("new", "changed", "unchanged")},
            "error_count": len(book.errors),
            "errors": [
                {"cell": error.cell or error.file, "message": error.message}
                for error in book.errors[:SHOWN_ERRORS]
            ],
        }

    @api.model
    def run_import(self, upload_id):
        """Import a workbook that was checked: all of its rows, or none.

        :param int upload_id: from `check_import`, by the same user
        :return: {"new", "changed", "unchanged": rows}
        :raise AccessError: there is no such workbook of this user
        :raise UserError: something in it does not fit any more
        """
        self._check_shop()
        # Only the user's own is taken.
        uploads_sudo = self.env["groupbuy.merchant.upload"].sudo()
        upload_sudo = find_record(uploads_sudo, upload_id)
        if not upload_sudo or upload_sudo.create_uid != self.env.user:
            raise AccessError(self.env._("Choose the workbook again."))
        importer = self.env["groupbuy.merchant.import"]
        book = importer._prepare(upload_sudo.name, base64.b64decode(upload_sudo.file))
        importer._write(book)
        upload_sudo.unlink()
        counts = book.counts[MERCHANT_PRODUCTS.name]
        return {kind: counts[kind] for kind in ("new", "changed", "unchanged")}

    @api.model
    def _read_workbook_upload(self, name, content):
        refusal = UserError(
            self.env._("Choose an Excel workbook (.xlsx) of at most %s MB.", MAX_MB)
        )
        too_much = MAX_MB * 2**20
        if not isinstance(name, str) or not isinstance(content, str | bytes):
            raise refusal
        if not content or len(content) > too_much * 4 / 3 + 4:
            raise refusal
        try:
            return name[:100], base64.b64decode(content, validate=True)
        except ValueError as error:
            raise refusal from error

    # === EXPORT === #

    def _export_products(self):
        """:return: (file name, the bytes of a workbook that can be changed and imported
        again) with the products of this merchant"""
        self.ensure_one()
        importer = self.env["groupbuy.merchant.import"]
        workbook = load_workbook(io.BytesIO(importer._get_template()))
        worksheet = workbook[MERCHANT_PRODUCTS.get_title(self.env.lang)]
        templates = self.env["product.template"].search(
            [("groupbuy_merchant_id", "=", self.id)], order="default_code, id"
        )
        names = tuple(column.name for column in MERCHANT_PRODUCTS.columns)
        for template in templates:
            values = template._groupbuy_get_content(
                ("name", "specification", "origin", "description", "price")
            )
            values.update(
                code=template.default_code or f"P{template.id}",
                category=template.public_categ_ids[:1].display_name or "",
                cost=template.standard_price,
            )
            # Stock is counted, not copied: it has changed until this comes back.
            worksheet.append([values.get(name) or None for name in names])
            for cell in worksheet[worksheet.max_row]:
                if cell.data_type == "f":
                    # A text that looks like a formula stays a text.
                    cell.data_type = "s"
        stream = io.BytesIO()
        workbook.save(stream)
        return importer._get_template_name(), stream.getvalue()
