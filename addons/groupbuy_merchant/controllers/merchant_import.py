import base64

from odoo.exceptions import UserError
from odoo.http import content_disposition, request, route

from odoo.addons.community_groupbuy.controllers.outcome import attempt

from ..models.groupbuy_merchant_product import GOODS_ROLES
from ..models.groupbuy_merchant_upload import MAX_MB
from .merchant_portal import MerchantPortal

MAX_READ = MAX_MB * 2**20 + 16
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class MerchantImport(MerchantPortal):
    """A merchant's products in and out by Excel: check first, then import."""

    def _render_import(self, **values):
        merchant_sudo = self._get_shop(*GOODS_ROLES)
        page = self._prepare_shop_values(
            merchant_sudo, "products", request.env._("Excel")
        )
        return request.render(
            "groupbuy_merchant.portal_import", {**page, "max_mb": MAX_MB, **values}
        )

    @route("/my/merchant/import", type="http", auth="user", website=True)
    def portal_merchant_import(self, **_kwargs):
        """Show the form that takes a workbook."""
        return self._render_import()

    @route("/my/merchant/import/products.xlsx", type="http", auth="user", website=True)
    def portal_merchant_export(self, **_kwargs):
        """Download the shop's products, as a workbook that can be imported again."""
        merchant_sudo = self._get_shop(*GOODS_ROLES)
        name, content = merchant_sudo._export_products()
        return request.make_response(
            content,
            headers=[
                ("Content-Type", EXCEL),
                ("Content-Disposition", content_disposition(name)),
                ("Cache-Control", "no-store"),
            ],
        )

    @route(
        "/my/merchant/import/check",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_merchant_import_check(self, **_post):
        """Say what a workbook would change, or what is wrong with it."""
        self._get_shop(*GOODS_ROLES)
        file = request.httprequest.files.get("file")
        content = base64.b64encode(file.read(MAX_READ)).decode() if file else ""
        try:
            with request.env.cr.savepoint():
                preview = request.env["groupbuy.merchant"].check_import(
                    file.filename if file else "", content
                )
        except UserError as error:
            return self._render_import(error=str(error))
        return self._render_import(preview=preview)

    @route(
        "/my/merchant/import/run",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_merchant_import_run(self, upload_id="", **_post):
        """Import the workbook that was checked: all of it, or nothing."""
        self._get_shop(*GOODS_ROLES)
        number = int(upload_id) if upload_id.isascii() and upload_id.isdecimal() else 0
        done = attempt(
            request.env["groupbuy.merchant"].run_import,
            number,
            done=request.env._("Your products were imported."),
        )
        return request.redirect(
            "/my/merchant/products" if done else "/my/merchant/import"
        )
