import logging
from contextlib import suppress

from odoo import http
from odoo.http import request

from ..protocols import alipay

_logger = logging.getLogger(__name__)

# A notification has some 2,000 bytes.
MAX_SIZE = 64 * 1024


class AlipayController(http.Controller):
    @http.route(
        "/payment/alipay/notify",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        groupbuy_raw_body=True,
        max_content_length=MAX_SIZE,
    )
    def alipay_notify(self, **_form):
        """Hear from Alipay, which repeats itself until it reads `success`.

        Only what Alipay has signed is believed. Everything else is answered `fail`.
        """
        body = request.httprequest.get_data()
        content_type = request.httprequest.headers.get("Content-Type")
        notification = self._parse(body, content_type)
        if not notification:
            return self._answer("fail", 400)
        # Its signature is checked; nobody is signed in.
        if request.env["groupbuy.payout"].sudo()._alipay_hear(notification):
            return self._answer("success")
        tx_sudo = self._find(notification)
        if not tx_sudo:
            return self._answer("fail", 400)
        tx_sudo._alipay_hear(notification.values)
        return self._answer("success")

    @http.route(
        "/payment/alipay/return",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
    )
    def alipay_return(self, **_params):
        """Come back from Alipay's page. It pays nothing: Alipay is asked."""
        notification = self._parse(request.httprequest.query_string)
        tx_sudo = notification and self._find(notification)
        if tx_sudo and tx_sudo.state != "done":
            tx_sudo._groupbuy_query()
        return request.redirect("/payment/status")

    def _parse(self, content, content_type=""):
        """:return: the notification, None if it is none"""
        with suppress(ValueError):
            return alipay.parse_notification(content, content_type)
        return None

    def _find(self, notification):
        """:return: the payment that it is about, sudoed, if Alipay has signed it"""
        # Signed below; nobody is signed in.
        model_sudo = request.env["payment.transaction"].sudo()
        tx_sudo = model_sudo._alipay_find(notification.values)
        if not tx_sudo or not tx_sudo._alipay_is_genuine(notification):
            _logger.info("A message was refused that says it comes from Alipay.")
            return None
        return tx_sudo

    def _answer(self, text, status=200):
        return request.make_response(
            text, headers=[("Content-Type", "text/plain")], status=status
        )
