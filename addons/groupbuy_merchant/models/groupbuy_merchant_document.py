import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.mimetypes import guess_mimetype

from odoo.addons.community_groupbuy.picture import rewrite_picture

MAX_MB = 5
PDF = "application/pdf"
SIZE = (2400, 2400)


def read_image(content, size=SIZE):
    """:return: a picture written anew as JPEG, so that nothing else hides in it
    :raise ValueError: it is no picture, or too big
    """
    if len(content) > MAX_MB * 2**20:
        raise ValueError("too much")
    return rewrite_picture(content, size)


def decode(text):
    """:return: the bytes of a base64 text
    :raise ValueError: it is none, or too long
    """
    if not isinstance(text, str | bytes) or len(text) > MAX_MB * 2**20 * 4 / 3 + 4:
        raise ValueError("too much")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


class GroupbuyMerchantDocument(models.Model):
    """A licence, permit or identity card: a picture or a PDF, with its last day."""

    _name = "groupbuy.merchant.document"
    _description = "Merchant's Document"
    _order = "merchant_id, kind, id desc"

    merchant_id = fields.Many2one(
        "groupbuy.merchant", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="merchant_id.company_id", store=True)
    kind = fields.Selection(
        [
            ("licence", "Business Licence"),
            ("permit", "Permit"),
            ("identity", "Identity Card"),
            ("other", "Other"),
        ],
        required=True,
        default="licence",
    )
    name = fields.Char(required=True)
    file = fields.Binary(required=True, attachment=True)
    mimetype = fields.Char(readonly=True)
    expires_on = fields.Date(help="Empty: it has no last day.")
    is_expired = fields.Boolean(compute="_compute_is_expired")
    reminded_on = fields.Date(
        string="Reminder Sent On", readonly=True, copy=False, help="Once per last day."
    )
    active = fields.Boolean(default=True)

    @api.depends("expires_on", "company_id")
    def _compute_is_expired(self):
        for document in self:
            today = (document.company_id or self.env.company)._get_groupbuy_date()
            document.is_expired = bool(
                document.expires_on and document.expires_on < today
            )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._prepare_file(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Override: files are read before they are kept; a new last day is reminded
        of anew."""
        if "expires_on" in vals:
            vals = {**vals, "reminded_on": False}
        return super().write(self._prepare_file(vals))

    @api.model
    def _prepare_file(self, vals):
        if vals.get("file"):
            name, content, mimetype = self._read_file(vals.get("name"), vals["file"])
            vals.update(
                name=name, file=base64.b64encode(content).decode(), mimetype=mimetype
            )
        return vals

    @api.model
    def _read_file(self, name, text):
        """Read what was uploaded: pictures are written anew, PDFs are kept as they are
        and only ever downloaded, never shown in a page.

        :return: (name, bytes, mimetype)
        :raise UserError: it is neither, or too big
        """
        try:
            content = decode(text)
            if guess_mimetype(content) == PDF and len(content) <= MAX_MB * 2**20:
                mimetype, extension = PDF, "pdf"
            else:
                content = read_image(content)
                mimetype, extension = "image/jpeg", "jpg"
        except ValueError as error:
            raise UserError(
                self.env._(
                    "Documents are PDF, JPEG, PNG or GIF files of at most %s MB.",
                    MAX_MB,
                )
            ) from error
        name = name if isinstance(name, str) else ""
        stem = name.replace("\\", "/").rpartition("/")[2].partition(".")[0].strip()
        return f"{stem[:60] or 'document'}.{extension}", content, mimetype

    # === REMINDERS === #

    @api.model
    def _remind(self):
        """Tell merchants, once, which of their documents end within the days that the
        settings give, and leave an activity for the operators where one has ended."""
        template = self.env.ref("groupbuy_merchant.mail_template_document")
        for company in self.env["res.company"].search([]):
            today = company._get_groupbuy_date()
            soon = fields.Date.add(today, days=company.groupbuy_merchant_remind_days)
            documents = self.search(
                [
                    ("company_id", "=", company.id),
                    ("merchant_id.state", "in", ("approved", "suspended")),
                    ("expires_on", "<=", soon),
                    ("reminded_on", "=", False),
                ]
            )
            for merchant, own in documents.grouped("merchant_id").items():
                template.send_mail(merchant.id)
                merchant.activity_schedule(
                    "mail.mail_activity_data_warning",
                    summary=self.env._(
                        "Documents end: %s", ", ".join(own.mapped("name"))
                    ),
                    user_id=merchant.decided_by_id.id or self.env.uid,
                )
            documents.reminded_on = today
