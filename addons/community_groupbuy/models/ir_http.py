from odoo import models


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _get_translation_frontend_modules_name(cls):
        """Override of `http_routing`: the website's scripts speak the visitor's
        language too."""
        return [*super()._get_translation_frontend_modules_name(), "community_groupbuy"]
