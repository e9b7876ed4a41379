from io import SEEK_END

from werkzeug.exceptions import NotFound
from werkzeug.wsgi import wrap_file

from odoo.exceptions import AccessError, MissingError
from odoo.http import content_disposition, request, route

from odoo.addons.community_groupbuy.record_id import MAX_ID
from odoo.addons.portal.controllers.portal import CustomerPortal

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class GroupbuyStatements(CustomerPortal):
    """Statements of settlements, for their payees and for operators."""

    @route("/my/money/settlement/<int:settlement_id>.pdf", type="http", auth="public")
    def groupbuy_statement_pdf(self, settlement_id, access_token=None, **kwargs):
        """Download a statement as PDF; 404 for anybody else's."""
        settlement_sudo = self._get_groupbuy_settlement(settlement_id, access_token)
        content, _type = (
            request.env["ir.actions.report"]
            .sudo()  # access to this settlement has just been checked
            ._render_qweb_pdf(
                "groupbuy_payment.groupbuy_settlement_report", settlement_sudo.ids
            )
        )
        return self._respond_with_statement(
            settlement_sudo, content, len(content), "application/pdf", "pdf"
        )

    @route("/my/money/settlement/<int:settlement_id>.xlsx", type="http", auth="public")
    def groupbuy_statement_excel(self, settlement_id, access_token=None, **kwargs):
        """Download a statement as an Excel workbook; 404 for anybody else's."""
        settlement_sudo = self._get_groupbuy_settlement(settlement_id, access_token)
        file = settlement_sudo._write_workbook()
        size = file.seek(0, SEEK_END)
        file.seek(0)
        return self._respond_with_statement(
            settlement_sudo,
            # Read piece by piece as it is sent, then closed, which deletes it.
            wrap_file(request.httprequest.environ, file),
            size,
            EXCEL,
            "xlsx",
        )

    def _get_groupbuy_settlement(self, settlement_id, access_token):
        """:return: the settlement, sudoed, once it may be read"""
        try:
            return self._document_check_access(
                "groupbuy.settlement", min(settlement_id, MAX_ID), access_token
            )
        except (AccessError, MissingError) as error:
            raise NotFound() from error

    def _respond_with_statement(self, settlement, content, size, mimetype, extension):
        name = f"{settlement.name.replace('/', '-')}.{extension}"
        return request.make_response(
            content,
            headers=[
                ("Content-Type", mimetype),
                ("Content-Length", size),
                ("Content-Disposition", content_disposition(name)),
                ("Cache-Control", "no-store"),
            ],
        )
