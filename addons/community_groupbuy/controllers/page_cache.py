"""Pages that every visitor sees alike, kept for a moment in each process.

Nothing personal is kept: only pages of visitors who are not signed in and whose
session holds nothing that a page could show.
"""

import re
import time

from odoo.http import get_default_session, request

from odoo.addons.website_sale.models.website import (
    CART_SESSION_CACHE_KEY,
    FISCAL_POSITION_SESSION_CACHE_KEY,
    PRICELIST_SESSION_CACHE_KEY,
)

SECONDS = 2
MAX_PAGES = 500

# Session entries that say nothing about how a page looks.
NEUTRAL_KEYS = {
    *get_default_session(),
    CART_SESSION_CACHE_KEY,
    FISCAL_POSITION_SESSION_CACHE_KEY,
    PRICELIST_SESSION_CACHE_KEY,
    "website_sale_cart_quantity",
    "groupbuy_inviter",
}
# The only part of such a page that belongs to its visitor, as `website.page` has it.
TOKEN = re.compile(
    r'(?<=csrf_token: ")[^"]+(?=")|(?<=name="csrf_token" value=")[^"]+(?=")'
)

_pages = {}


def render_public(key, render):
    """Answer with `render()`, or with what it gave a moment ago to another visitor.

    :param tuple key: of the page, with whatever must change it at once
    :param render: makes the response, a qweb one
    """
    if not _is_public():
        return render()
    key = (
        request.db,
        request.website.id,
        request.lang.code,
        request.httprequest.host_url,
        request.cookies.get("website_cookies_bar"),
        *key,
    )
    now = time.monotonic()
    expires_at, parts = _pages.get(key, (0, None))
    if now >= expires_at:
        response = render()
        parts = TOKEN.split(str(response.render()))
        if len(_pages) >= MAX_PAGES:
            _pages.clear()
        _pages[key] = now + SECONDS, parts
    return request.make_response(
        request.csrf_token(None).join(parts),
        headers=[("Content-Type", "text/html; charset=utf-8")],
    )


def _is_public():
    session = request.session
    return (
        request.httprequest.method in ("GET", "HEAD")
        and not request.httprequest.query_string
        and request.env.user._is_public()
        and not session.debug
        and not session.get(CART_SESSION_CACHE_KEY)
        and not session.get("website_sale_cart_quantity")
        and NEUTRAL_KEYS.issuperset(session)
    )
