import base64
import json
from urllib.parse import urlencode

import psycopg2
from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.community_groupbuy.qr_code import draw_svg
from odoo.addons.community_groupbuy.record_id import find_record
from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from ..protocols import wechat_oauth
from ..protocols.errors import Refused, UnknownOutcome

OPENID_KEY = "groupbuy_wechat_openid"
OPEN = ("draft", "pending")


class PayController(http.Controller):
    """Our own page for a payment: a QR code, or the way into the app."""

    @http.route(
        "/payment/<any(wechat_pay,alipay):provider_code>/pay/<int:tx_id>",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def groupbuy_pay_page(self, provider_code, tx_id, access_token="", **params):
        """Show how to pay; go on if that is over.

        :param str start: open the app at once, on a phone
        :param str code: of WeChat, after it was asked who is paying
        """
        tx_sudo = self._get_transaction(provider_code, tx_id, access_token)
        if tx_sudo.state not in OPEN:
            return request.redirect(self._get_end_url(tx_sudo))
        product = tx_sudo._groupbuy_get_product()
        path = f"{tx_sudo._groupbuy_get_pay_url()}?" + urlencode(
            {"access_token": access_token}
        )
        values = {
            "tx": tx_sudo,
            "product": product,
            "access_token": access_token,
            "poll_url": f"/payment/{provider_code}/poll/{tx_id}",
            "start_url": f"{path}&start=1",
            "end_url": tx_sudo.landing_route or "/my",
            "seconds": tx_sudo._groupbuy_get_seconds(),
            "error": "",
        }
        try:
            if product == "h5" and params.get("start") and values["seconds"]:
                return self._open_app(tx_sudo, path)
            if product == "jsapi" and values["seconds"]:
                openid = self._get_openid(tx_sudo, params.get("code"))
                if not openid:
                    return self._ask_who_pays(tx_sudo, path)
                pay_values = tx_sudo._wechat_get_jsapi_values(openid)
                values["pay_values"] = json.dumps(pay_values)
        except (Refused, UnknownOutcome, UserError) as error:
            values["error"] = str(error)
        response = request.render("groupbuy_payment.qr_page", values)
        response.headers["Cache-Control"] = "no-store"
        return response

    @http.route(
        "/payment/<any(wechat_pay,alipay):provider_code>/poll/<int:tx_id>",
        type="jsonrpc",
        auth="public",
    )
    def groupbuy_pay_poll(
        self, provider_code, tx_id, access_token="", ask=False, image=False
    ):
        """Tell the open page how its payment is.

        :param bool ask: ask the provider, too
        :param bool image: the page needs a QR code
        :return: {"state", "seconds": left to pay, "url": where to go on, "image": data
            URL, "error": why there is no image}
        """
        tx_sudo = self._get_transaction(provider_code, tx_id, access_token)
        tx_sudo._groupbuy_poll(ask=bool(ask))
        answer = {
            "state": tx_sudo.state,
            "seconds": tx_sudo._groupbuy_get_seconds(),
            "url": "",
            "image": "",
            "error": "",
        }
        if tx_sudo.state not in (*OPEN, "cancel"):
            answer["url"] = self._get_end_url(tx_sudo)
        elif image and tx_sudo.state in OPEN and answer["seconds"]:
            try:
                answer["image"] = self._draw(tx_sudo._groupbuy_get_code())
            except (Refused, UnknownOutcome, UserError) as error:
                answer["error"] = str(error)
        return answer

    # === HELPERS === #

    def _get_transaction(self, provider_code, tx_id, access_token):
        """:return: the payment in sudo mode, which the token opens
        :raise NotFound: it does not
        """
        # Nobody is signed in; the token is checked below.
        model_sudo = request.env["payment.transaction"].sudo()
        tx_sudo = find_record(model_sudo, tx_id)
        if (
            not tx_sudo.groupbuy_out_trade_no
            or tx_sudo.provider_code != provider_code
            or tx_sudo.operation == "refund"
            or not payment_utils.check_access_token(
                str(access_token), tx_sudo.id, tx_sudo.groupbuy_out_trade_no
            )
        ):
            raise NotFound()
        return tx_sudo

    def _get_end_url(self, tx_sudo):
        """:return: where to go on; what has been paid is processed before

        Odoo's status page knows the payment that this session has begun.
        """
        if tx_sudo.state == "done" and not tx_sudo.is_post_processed:
            try:
                with request.env.cr.savepoint():
                    tx_sudo._post_process()
            except psycopg2.OperationalError:
                raise
            except Exception:
                # The status page or the cron try again, and say what they meet.
                request.env.invalidate_all()
        key = PaymentPostProcessing.MONITORED_TX_ID_KEY
        if request.session.get(key) == tx_sudo.id:
            return "/payment/status"
        return tx_sudo.landing_route or "/my"

    def _draw(self, text):
        content = base64.b64encode(draw_svg(text)).decode()
        return f"data:image/svg+xml;base64,{content}"

    # === WECHAT === #

    def _open_app(self, tx_sudo, path):
        url = tx_sudo._wechat_get_h5_url(request.httprequest.remote_addr)
        back = urlencode({"redirect_url": self._get_absolute(tx_sudo, path)})
        return request.redirect(f"{url}&{back}", local=False)

    def _get_openid(self, tx_sudo, code):
        """:return: who uses this WeChat browser; none if WeChat must be asked first"""
        provider_sudo = tx_sudo.provider_id
        appid = provider_sudo.wechat_appid
        known = request.session.get(OPENID_KEY) or {}
        if not known.get(appid) and code:
            base_url = provider_sudo.groupbuy_base_url or wechat_oauth.API_URL
            openid = wechat_oauth.get_openid(
                appid, provider_sudo.wechat_app_secret, code, base_url
            )
            known = request.session[OPENID_KEY] = {**known, appid: openid}
        return known.get(appid)

    def _ask_who_pays(self, tx_sudo, path):
        provider_sudo = tx_sudo.provider_id
        url = wechat_oauth.get_authorize_url(
            provider_sudo.wechat_appid,
            self._get_absolute(tx_sudo, path),
            provider_sudo.groupbuy_base_url or wechat_oauth.AUTHORIZE_URL,
        )
        return request.redirect(url, local=False)

    def _get_absolute(self, tx_sudo, path):
        return tx_sudo.provider_id._groupbuy_get_url(path)
