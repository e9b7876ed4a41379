from lxml import html

from odoo.http import Request
from odoo.tests import HttpCase
from odoo.tools import mute_logger

from ..controllers import main, page_cache
from .common import GroupbuyCommon


class StorefrontCommon(GroupbuyCommon, HttpCase):
    """The shop as residents see it: over HTTP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.website = cls.env["website"].get_current_website()
        cls.website.company_id = cls.company
        # What visitors get must not come from the test before.
        page_cache._pages.clear()

    def setUp(self):
        super().setUp()
        page_cache._pages.clear()
        # Nothing is kept, but where a test is about what is.
        self.patch(page_cache, "SECONDS", 0)
        self.patch(main, "PROGRESS_SECONDS", 0)
        self.campaign = self._create_campaign(
            self._example(quota=60, max_per_resident=30),
            self._offer(self.ginger, 18, pack_size=2, max_per_order=10),
        )
        self.offer = self.campaign.offer_ids[0]

    def _get(self, url, status=200):
        """:return: the answer, and its page if it is one"""
        response = self.url_open(url, allow_redirects=status != 303)
        self.assertEqual(response.status_code, status, url)
        return response

    def _page(self, url):
        return html.fromstring(self._get(url).text)

    def _text(self, node):
        return " ".join(node.text_content().split())

    def _post(self, url, data):
        return self.url_open(
            url,
            data={"csrf_token": Request.csrf_token(self), **data},
            allow_redirects=False,
        )

    def _rpc(self, url, **params):
        """:return: (result, error's data)"""
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        with mute_logger("odoo.http"):
            answer = self.url_open(url, json=body).json()
        return answer.get("result"), answer.get("error", {}).get("data")

    def _join_url(self, campaign=None):
        return f"/groupbuy/{(campaign or self.campaign).id}/join"

    def _rpc_join(self, quantity=1, **params):
        body = {
            "lines": [{"offer_id": self.offer.id, "quantity": quantity}],
            "pickup_point_id": self.point.id,
            "key": f"key-{quantity}",
            **params,
        }
        return self._rpc(self._join_url(), **body)

    def _order(self, answer):
        return self.env["sale.order"].browse(answer["order_id"])
