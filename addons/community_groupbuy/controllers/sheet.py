from io import SEEK_END

from werkzeug.exceptions import NotFound
from werkzeug.wsgi import wrap_file

from odoo.exceptions import AccessError, UserError
from odoo.http import Controller, content_disposition, request, route

from ..record_id import find_record

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class GroupbuySheets(Controller):
    @route("/groupbuy/sheets/<int:print_id>.xlsx", type="http", auth="user")
    def groupbuy_sheet(self, print_id):
        """Download a sheet as an Excel workbook, see `groupbuy.sheet.print`."""
        wizard = find_record(request.env["groupbuy.sheet.print"], print_id)
        if not wizard:
            raise NotFound()
        try:
            sheet = wizard._gather()
        except AccessError as error:
            raise NotFound() from error
        except UserError as error:
            return request.make_response(str(error), status=400)
        file = wizard.env["groupbuy.sheet"]._write_workbook(sheet)
        size = file.seek(0, SEEK_END)
        file.seek(0)
        name = f"{sheet['title']} {sheet['date']}.xlsx"
        return request.make_response(
            # Read piece by piece as it is sent, then closed, which deletes it.
            wrap_file(request.httprequest.environ, file),
            headers=[
                ("Content-Type", EXCEL),
                ("Content-Length", size),
                ("Content-Disposition", content_disposition(name)),
                ("Cache-Control", "no-store"),
            ],
        )
