from lxml import html

from odoo.addons.community_groupbuy.tests.storefront_common import StorefrontCommon

from .common import LeaderCommon


class LeaderPortalCommon(LeaderCommon, StorefrontCommon):
    """Ann and Ben buy at Dot's East Gate, Cem at Eva's West Gate."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number, (user, name) in enumerate(
            (
                (cls.ann, "Ann Bao"),
                (cls.ben, "Ben Cui"),
                (cls.cem, "Cem Dai"),
                (cls.dot, "Dot Fan"),
                (cls.eva, "Eva Gao"),
                (cls.fay, "Fay Hou"),
            )
        ):
            user.partner_id.write(
                {
                    "name": name,
                    "phone": f"+861380013{number}{number}{number}{number}",
                    "email": f"{user.login}@example.com",
                }
            )

    def setUp(self):
        super().setUp()
        self.orders = self._buy_at(
            (self.ann, {self.leek: 2, self.ginger: 2}, self.point),
            (self.ben, {self.leek: 3}, self.point),
            (self.cem, {self.leek: 4}, self.west),
            campaign=self.campaign,
        )
        self.first, self.second, self.foreign = self.orders

    def _sign_in(self, user):
        self.authenticate(user.login, user.login)

    def _names(self, page):
        """:return: the residents of the orders that a page lists"""
        return [
            self._text(node.cssselect("strong")[0])
            for node in page.cssselect(".o_groupbuy_leader_order")
        ]

    def _figure(self, page, name):
        [node] = page.cssselect(f".o_groupbuy_figure [name={name}]")
        return int(self._text(node))

    def _alert(self, response, kind="danger"):
        """:return: what a page tells after a form was sent"""
        page = self._parse(response)
        return " ".join(self._text(node) for node in page.cssselect(f".alert-{kind}"))

    def _parse(self, response):
        if response.status_code == 303:
            response = self.url_open(response.headers["Location"])
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.text)
