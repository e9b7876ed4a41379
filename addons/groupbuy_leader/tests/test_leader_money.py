from lxml import html

from odoo.tests import HttpCase, new_test_user, tagged

from .commission_common import CommissionCommon

PAGES = (
    "/my/leader/money",
    "/my/leader/money/commission",
    "/my/leader/money/commission/page/2",
    "/my/leader/money/commission?status=frozen",
)


@tagged("post_install", "-at_install")
class TestLeaderMoney(CommissionCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for leader, login in ((cls.lily, "gb_lily"), (cls.max, "gb_max")):
            leader.user_id = new_test_user(
                cls.env,
                login,
                groups="groupbuy_leader.group_leader",
                partner_id=leader.partner_id.id,
            )

    def setUp(self):
        super().setUp()
        self._rule(10, name="Leeks", product_tmpl_id=self.leek.product_tmpl_id.id)
        self.order = self._receive_and_split({self.leek: 5})
        campaign = self._create_campaign(self._offer(self.ginger, 20))
        self.waiting = self._buy(campaign, self.ben, 2)

    def _sign_in(self, leader):
        self.authenticate(leader.user_id.login, leader.user_id.login)

    def _get(self, url):
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200, url)
        return html.fromstring(answer.text)

    def _get_rows(self, url):
        """:return: what a list says about each commission"""
        rows = self._get(url).xpath("//li[@name='commission']")
        return [" ".join(row.text_content().split()) for row in rows]

    def test_leaders_see_what_they_have_what_they_can_expect_and_why(self):
        self._sign_in(self.lily)
        page = self._get("/my/leader/money")
        # Nobody has run the cron: the page shows what is paid all the same.
        self.assertIn("3.20", page.xpath("//*[@name='expected']")[0].text_content())
        reasons = [
            reason.text_content() for reason in page.xpath("//*[@name='reason']")
        ]
        money = self.company.currency_id.format
        self.assertEqual(
            reasons,
            [f"Usual rate: 8% of {money(40)}", f"Leeks: 10% of {money(50)}"],
        )
        self._settle()
        page = self._get("/my/leader/money")
        self.assertIn("5.00", page.xpath("//*[@name='available']")[0].text_content())
        self.assertTrue(page.xpath("//a[contains(@href, '/my/money/settlement/')]"))

    def test_lists_by_state(self):
        self._sign_in(self.lily)
        url = "/my/leader/money/commission"
        self.assertEqual(len(self._get_rows(url)), 2)
        [waiting] = self._get_rows(f"{url}?status=estimated")
        self.assertIn("Ginger", waiting)
        [free] = self._get_rows(f"{url}?status=available")
        self.assertIn("Leeks", free)
        self.assertFalse(self._get_rows(f"{url}?status=settled"))
        for nonsense in ("x", "' OR 1=1 --", "settled,frozen", "%00"):
            self.assertEqual(len(self._get_rows(f"{url}?status={nonsense}")), 2)
        self.assertTrue(self._get_rows(f"{url}/page/99999999999"))

    def test_others_see_nothing_of_it(self):
        self._sign_in(self.max)
        for url in PAGES:
            self.assertNotIn(self.order.name, self.url_open(url).text, url)
        self.assertFalse(self._get_rows(PAGES[1]))
        self.authenticate(self.ann.login, self.ann.login)
        for url in PAGES:
            self.assertEqual(self.url_open(url).status_code, 404, url)
        self.authenticate(None, None)
        for url in PAGES:
            self.assertIn("/web/login", self.url_open(url).url, url)

    def test_suspended_leaders_keep_their_money_only(self):
        self.lily.state = "suspended"
        self._sign_in(self.lily)
        self.assertEqual(self.url_open("/my/leader/money").status_code, 404)
        self.assertEqual(self.url_open("/my/money").status_code, 200)
