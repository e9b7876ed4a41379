"""What every visitor sees alike, kept for a moment in each process.

Nothing personal is kept: whole pages of visitors who are not signed in and whose
session holds nothing that a page could show, and the parts of residents' pages that
are the same for everybody.
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
    parts = _keep(key, lambda: TOKEN.split(str(render().render())))
    return request.make_response(
        request.csrf_token(None).join(parts),
        headers=[("Content-Type", "text/html; charset=utf-8")],
    )


def render_shared(key, render):
    """:return: `render()`, or what it gave a moment ago to another visitor or resident

    :param tuple key: of the part of a page, with whatever must change it at once
    :param render: makes the part, which holds nothing personal
    """
    # Who edits the website gets pages that carry where each piece comes from.
    if request.session.debug or not request.env.user.share:
        return render()
    return _keep(key, render)


def _keep(key, make):
    return keep(
        (
            request.website.id,
            request.lang.code,
            request.httprequest.host_url,
            request.cookies.get("website_cookies_bar"),
            *key,
        ),
        make,
        SECONDS,
    )


def keep(key, make, seconds):
    """:return: `make()`, or what it gave at most so many seconds ago; nothing that is
    empty is kept

    :param tuple key: of the content, within this database
    """
    key = (request.db, *key)
    now = time.monotonic()
    expires_at, content = _pages.get(key, (0, None))
    if now < expires_at:
        return content
    content = make()
    if content:
        if len(_pages) >= MAX_PAGES:
            _pages.clear()
        _pages[key] = now + seconds, content
    return content


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
