"""Who pays inside WeChat: web authorization of an official account.

Source: WeChat's developer documentation, "Web Authorization".
"""

import re
from urllib.parse import urlencode

import requests

from .errors import UnknownOutcome

AUTHORIZE_URL = "https://open.weixin.qq.com"
API_URL = "https://api.weixin.qq.com"
TIMEOUT = (5, 10)
OPENID = re.compile(r"[A-Za-z0-9_-]{20,128}")


def get_authorize_url(appid, return_url, base_url=AUTHORIZE_URL):
    """:return: where WeChat's browser goes, to return to `return_url` with a code"""
    query = urlencode(
        {
            "appid": appid,
            "redirect_uri": return_url,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": "pay",
        }
    )
    return f"{base_url}/connect/oauth2/authorize?{query}#wechat_redirect"


def get_openid(appid, secret, code, base_url=API_URL):
    """Exchange a code, which is good for once and five minutes.

    :return: who is using WeChat, as this official account knows them
    :raise UnknownOutcome: WeChat does not say
    """
    params = {
        "appid": appid,
        "secret": secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    try:
        response = requests.get(
            f"{base_url}/sns/oauth2/access_token", params=params, timeout=TIMEOUT
        )
        openid = response.json().get("openid")
    except (requests.RequestException, ValueError, AttributeError):
        # The address holds the secret, and with it the error's text.
        raise UnknownOutcome("WeChat does not say who is paying.") from None
    if not isinstance(openid, str) or not OPENID.fullmatch(openid):
        raise UnknownOutcome("WeChat does not say who is paying.")
    return openid
