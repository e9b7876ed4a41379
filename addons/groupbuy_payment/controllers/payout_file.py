from io import SEEK_END

from werkzeug.exceptions import NotFound
from werkzeug.wsgi import wrap_file

from odoo.exceptions import AccessError
from odoo.http import Controller, content_disposition, request, route

from odoo.addons.community_groupbuy.record_id import find_record

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class GroupbuyPayoutFile(Controller):
    @route("/groupbuy/payouts/<int:batch_id>.xlsx", type="http", auth="user")
    def groupbuy_payout_file(self, batch_id):
        """Download a bank file, see `groupbuy.payout.batch`; 404 for anybody else."""
        batch = find_record(request.env["groupbuy.payout.batch"], batch_id)
        try:
            file = batch._write_workbook() if batch else None
        except AccessError as error:
            raise NotFound() from error
        if not file:
            raise NotFound()
        size = file.seek(0, SEEK_END)
        file.seek(0)
        return request.make_response(
            # Read piece by piece as it is sent, then closed, which deletes it.
            wrap_file(request.httprequest.environ, file),
            headers=[
                ("Content-Type", EXCEL),
                ("Content-Length", size),
                ("Content-Disposition", content_disposition(f"{batch.name}.xlsx")),
                ("Cache-Control", "no-store"),
            ],
        )
