from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Override of `base` to keep the bytes of signed forms.

        Parsing a form uses up its body and decodes it as UTF-8; a signature covers the
        bytes received, which may be GBK.
        """
        res = super()._pre_dispatch(rule, args)
        if rule.endpoint.routing.get("groupbuy_raw_body"):
            request.httprequest.get_data(cache=True)
        return res
