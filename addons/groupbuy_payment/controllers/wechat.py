import logging

import psycopg2

from odoo import http
from odoo.http import request

from ..protocols.wechat_crypto import Forged

_logger = logging.getLogger(__name__)

# A notification has some 2,000 bytes.
MAX_SIZE = 64 * 1024


class WechatController(http.Controller):
    @http.route(
        "/payment/wechat_pay/notify",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=MAX_SIZE,
    )
    def wechat_notify(self, **_params):
        """Hear from WeChat Pay about payments, refunds and transfers.

        Answered 204 once it is taken over; anything else and WeChat Pay repeats itself.
        """
        body = request.httprequest.get_data()
        try:
            request.env["payment.provider"]._wechat_receive(
                request.httprequest.headers, body
            )
            request.env.flush_all()
        except Forged as error:
            _logger.info(
                "A message was refused that says it is WeChat Pay's: %s", error
            )
            return self._answer(401, "SIGN_ERROR", str(error))
        except psycopg2.OperationalError:
            # Somebody else writes on the same payment: Odoo does all this again.
            raise
        except Exception:
            request.env.cr.rollback()
            _logger.exception("A notification of WeChat Pay could not be processed")
            return self._answer(500, "SYSTEM_ERROR", "Please try again.")
        return request.make_response("", status=204)

    def _answer(self, status, code, message):
        return request.make_json_response(
            {"code": code, "message": message}, status=status
        )
