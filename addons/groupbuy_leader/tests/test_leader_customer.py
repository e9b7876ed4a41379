from odoo.tests import tagged

from .portal_common import LeaderPortalCommon


@tagged("post_install", "-at_install")
class TestLeaderCustomer(LeaderPortalCommon):
    """Who buys at Dot's point. Both campaigns end at their base prices:

    Ann: 2 leeks and 2 gingers (20 + 36), then 1 leek (10): 66. Ben: 3 leeks: 30.
    """

    def setUp(self):
        super().setUp()
        self.again = self._create_campaign(self._example())
        with self._later(days=1):
            self._buy(self.again, self.ann, 1)
            # Not paid: no customer yet.
            self._join(self.again, self.fay, 1)
        self.customers = self.env["groupbuy.leader.customer"]

    def _list(self, leader=None, **kwargs):
        found, total = self.customers._list(leader or self.leader, **kwargs)
        self.assertEqual(len(found), total)
        return [(one["partner"].name, one["orders"], one["turnover"]) for one in found]

    def _names(self, page):
        return [
            self._text(node.cssselect("strong")[0])
            for node in page.cssselect(".o_groupbuy_customer")
        ]

    def test_figures(self):
        ann, ben = ("Ann Bao", 2, 66), ("Ben Cui", 1, 30)
        self.assertEqual(self._list(), [ann, ben])
        self.assertEqual(self._list(sort="turnover"), [ann, ben])
        self.assertEqual(self._list(sort="name"), [ann, ben])
        self.assertEqual(self._list(self.other_leader), [("Cem Dai", 1, 40)])
        with self._later(hours=30):
            self._buy(self.again, self.ben, 1)
        self.assertEqual(self._list(), [("Ben Cui", 2, 40), ann])
        found, _total = self.customers._list(self.leader, limit=1, offset=1)
        self.assertEqual(found[0]["partner"], self.ann.partner_id)

    def test_refunded_orders_do_not_count(self):
        self._arrive(self.orders)
        line = self.second.order_line
        self.second._groupbuy_take_off({line: 3.0}, "Test")
        self.assertEqual(self._list(), [("Ann Bao", 2, 66)])

    def test_favourites_are_what_is_bought_most_often(self):
        favourites = self.customers._get_favourites(
            self.leader, (self.ann + self.ben).partner_id
        )
        self.assertEqual(
            favourites,
            {
                self.ann.partner_id: [self.leek, self.ginger],
                self.ben.partner_id: [self.leek],
            },
        )

    def test_figures_take_as_many_queries_for_many_customers(self):
        def count():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found, _total = self.customers._list(self.leader)
            partners = self.env["res.partner"].union(*(one["partner"] for one in found))
            self.customers._get_favourites(self.leader, partners)
            return len(found), self.env.cr.sql_log_count - before

        customers, queries = count()
        for user in (self.cem, self.eva, self.fay):
            self._buy(self.again, user, 1)
        count()
        more, same = count()
        self.assertEqual((customers, more), (2, 5))
        self.assertLessEqual(same, queries)

    def test_tags_and_notes_are_the_leaders_own(self):
        self._sign_in(self.dot)
        url = f"/my/leader/customers/{self.ann.partner_id.id}"
        self._post(
            f"{url}/save", {"tags": "regular， 楼上, regular", "note": "Rings twice"}
        )
        page = self._page(url)
        self.assertEqual(page.xpath("//input[@name='tags']/@value"), ["regular, 楼上"])
        self.assertIn("Rings twice", self._text(page))
        tag = self.env["groupbuy.leader.tag"].search([("name", "=", "regular")])
        self.assertEqual(tag.leader_id, self.leader)
        self.assertEqual(
            self._names(self._page(f"/my/leader/customers?tag={tag.id}")), ["Ann Bao"]
        )
        for query, names in (
            ("search=twice", ["Ann Bao"]),
            ("search=ben", ["Ben Cui"]),
            ("search=%25", []),
            ("tag=x&sort=password", ["Ann Bao", "Ben Cui"]),
            (f"tag={2**70}", ["Ann Bao", "Ben Cui"]),
        ):
            page = self._page(f"/my/leader/customers?{query}")
            self.assertEqual(self._names(page), names, query)
        self._get(f"/my/leader/customers/page/{2**70}")
        # Eva writes her own.
        self._buy(self.again, self.ann, 1, point=self.west)
        self._sign_in(self.eva)
        page = self._page(url)
        self.assertNotIn("Rings twice", self._text(page))
        self.assertNotIn("regular", self._get("/my/leader/customers").text)
        self.assertEqual(
            self._names(self._page(f"/my/leader/customers?tag={tag.id}")),
            ["Ann Bao", "Cem Dai"],
        )

    def test_tags_that_nobody_has_are_forgotten(self):
        ann = self.ann.partner_id
        self.customers._save(self.leader, ann, "a, b", "")
        self.customers._save(self.leader, ann, "b", "")
        tags = self.env["groupbuy.leader.tag"].search([])
        self.assertEqual(tags.mapped("name"), ["b"])

    def test_bad_notes_are_refused_in_words(self):
        self._sign_in(self.dot)
        url = f"/my/leader/customers/{self.ann.partner_id.id}/save"
        for data in (
            {"tags": "x" * 31},
            {"tags": ",".join(map(str, range(11)))},
            {"note": "x" * 1001},
        ):
            self.assertTrue(self._alert(self._post(url, data)), data)
        self.assertFalse(self.customers.search([]))

    def test_other_peoples_customers_do_not_exist(self):
        self._sign_in(self.dot)
        for partner_id in (
            self.cem.partner_id.id,
            self.fay.partner_id.id,
            self.env.ref("base.partner_root").id,
            0,
            2**70,
        ):
            url = f"/my/leader/customers/{partner_id}"
            self._get(url, 404)
            self.assertEqual(self._post(f"{url}/save", {}).status_code, 404)
