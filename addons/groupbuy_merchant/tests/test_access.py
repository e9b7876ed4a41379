from odoo.service.model import get_public_method
from odoo.tests import tagged

from .common import MerchantHttpCommon

CLOSED_MODELS = (
    "groupbuy.merchant",
    "groupbuy.merchant.document",
    "groupbuy.merchant.member",
    "groupbuy.merchant.upload",
    "groupbuy.product.review",
    "groupbuy.product.review.line",
    "groupbuy.fee.rule",
)
# What portal users may call; every one of them looks for the user's own shop first.
FOR_MERCHANTS = {
    "apply",
    "check_import",
    "publish_product",
    "run_import",
    "save_product",
    "withdraw_review",
}


@tagged("post_install", "-at_install")
class TestAccess(MerchantHttpCommon):
    """Two merchants: neither reaches what is the other's, by page or by call."""

    def setUp(self):
        super().setUp()
        self.own = self.apple.product_tmpl_id
        self.foreign = self.flour.product_tmpl_id
        self._save(self.noa, {"name": "Finest flour"}, self.flour)
        self.review = self._get_review(self.flour)

    def _get_pages(self, template, document):
        return (
            f"/my/merchant/products/{template.id}",
            f"/my/merchant/products/{template.id}/image",
            f"/my/merchant/document/{document.id}",
        )

    # === PAGES === #

    def test_one_sees_ones_own_pages(self):
        self._sign_in(self.mia)
        for url in self._get_pages(self.own, self.farm.document_ids):
            self._get(url)

    def test_the_others_pages_do_not_exist(self):
        for user in (self.mia, self.staff):
            self._sign_in(user)
            for url in self._get_pages(self.foreign, self.mill.document_ids):
                self._get(url, 404)
            proposed = f"/my/merchant/products/{self.foreign.id}/image?proposed=1"
            self._get(proposed, 404)
            for step in ("save", "publish", "unpublish", "withdraw"):
                url = f"/my/merchant/products/{self.foreign.id}/{step}"
                answer = self._post(url, {"name": "Mine"})
                self.assertEqual(answer.status_code, 404, url)
        self.env.invalidate_all()
        self.assertEqual(self.review.state, "pending")
        self.assertEqual(self.foreign.name, "Flour")
        self.assertTrue(self.foreign.is_published)

    def test_numbers_that_nobody_has_are_not_found(self):
        self._sign_in(self.mia)
        for number in (0, 10**8, 2**31, 10**20):
            for url in (
                f"/my/merchant/products/{number}",
                f"/my/merchant/products/{number}/image",
                f"/my/merchant/document/{number}",
            ):
                self._get(url, 404)
            url = f"/my/merchant/products/{number}/save"
            self.assertEqual(self._post(url, {"name": "x"}).status_code, 404)
        self._get("/my/merchant/products/page/99999999999999999999")
        self._get("/my/merchant/orders/page/99999999999999999999")

    def test_roles_have_their_pages(self):
        pages = {
            "/my/merchant": (self.mia, self.staff, self.book),
            "/my/merchant/orders": (self.mia, self.staff, self.book),
            "/my/merchant/products": (self.mia, self.staff),
            "/my/merchant/products/new": (self.mia, self.staff),
            "/my/merchant/import": (self.mia, self.staff),
            "/my/merchant/import/products.xlsx": (self.mia, self.staff),
            f"/my/merchant/products/{self.own.id}": (self.mia, self.staff),
            "/my/merchant/money": (self.mia, self.book),
            "/my/money": (self.mia, self.book),
            f"/my/merchant/document/{self.farm.document_ids.id}": (self.mia,),
        }
        for user in (self.mia, self.staff, self.book, self.ann):
            self._sign_in(user)
            for url, users in pages.items():
                with self.subTest(user=user.login, url=url):
                    self._get(url, 200 if user in users else 404)

    def test_strangers_sign_in_first(self):
        self._sign_in(None)
        for url in (
            "/my/merchant",
            "/my/merchant/products",
            "/my/merchant/orders",
            "/my/merchant/money",
            *self._get_pages(self.own, self.farm.document_ids),
        ):
            self.assertIn("/web/login", self.url_open(url).url, url)

    def test_orders_show_own_goods_and_no_resident(self):
        self.ann.partner_id.write({"name": "Secret Ann", "street": "Secret Street"})
        campaign = self._create_campaign(
            self._offer(self.apple, 10), self._offer(self.flour, 20)
        )
        order = self._buy(campaign, self.ann, {self.apple: 2, self.flour: 3})
        order.partner_id.phone = "+8613812345678"
        self._close(campaign)
        for user, own, foreign in (
            (self.mia, "Apples", "Flour"),
            (self.noa, "Flour", "Apples"),
        ):
            self._sign_in(user)
            for url in ("/my/merchant", "/my/merchant/orders"):
                text = self._get(url).text
                self.assertIn(own, text)
                for secret in (foreign, "Secret", "12345678", order.access_token):
                    self.assertNotIn(secret, text, (url, secret))
            self.assertIn(order.name, text)

    def test_money_is_ones_own(self):
        self._sign_in(self.book)
        self._get("/my/merchant/money?period=all")
        account = self.farm.account_ids
        foreign = self.mill.account_ids
        text = self._get("/my/money/accounts").text
        self.assertIn(self.farm.partner_id.name, text)
        self.assertNotIn(self.mill.partner_id.name, text)
        self._post(f"/my/money/accounts/{foreign.id}/remove")
        self.assertTrue(foreign.active)
        found, _error = self._call("groupbuy.payee.account", "search", [])
        self.assertEqual(found, account.ids)
        self._sign_in(self.staff)
        found, _error = self._call("groupbuy.payee.account", "search", [])
        self.assertEqual(found, [])

    # === CALLS === #

    def test_merchants_have_no_rights_on_any_model(self):
        self._sign_in(self.mia)
        for model in CLOSED_MODELS:
            record = self.env[model].search([], limit=1)
            for method, *args in (
                ("search_read", []),
                ("read", record.ids or [1]),
                ("write", record.ids or [1], {"company_id": self.company.id}),
                ("create", [{}]),
                ("unlink", record.ids or [1]),
                ("copy", record.ids or [1]),
                ("export_data", record.ids or [1], ["id"]),
                ("message_post", record.ids or [1]),
            ):
                with self.subTest(model=model, method=method):
                    result, error = self._call(model, method, *args)
                    self.assertTrue(error, result)

    def test_products_are_not_written_directly(self):
        self._sign_in(self.mia)
        for model, record in (
            ("product.template", self.own),
            ("product.product", self.apple),
        ):
            for vals in (
                {"list_price": 1},
                {"groupbuy_reviewed": True},
                {"is_published": False},
            ):
                _result, error = self._call(model, "write", record.ids, vals)
                self.assertEqual(error, "AccessError")
        self.assertEqual(self.own.list_price, 10)

    def test_calls_reach_no_other_merchant(self):
        self._sign_in(self.mia)
        for method, args in (
            ("save_product", [{"name": "Mine"}, self.foreign.id]),
            ("save_product", [{"name": "Mine"}, self.leek.product_tmpl_id.id]),
            ("save_product", [{"name": "Mine"}, "1"]),
            ("save_product", [{"name": "Mine"}, 2**40]),
            ("save_product", [{"name": "Mine"}, True]),
            ("publish_product", [self.foreign.id, False]),
            ("publish_product", [0, False]),
            ("publish_product", [None, False]),
            ("withdraw_review", [self.foreign.id]),
            ("withdraw_review", [None]),
            ("withdraw_review", [[self.own.id]]),
        ):
            with self.subTest(method=method, args=args):
                result, error = self._call("groupbuy.merchant", method, *args)
                self.assertEqual(error, "AccessError", result)
        self.assertEqual(self.review.state, "pending")

    def test_operators_buttons_are_closed(self):
        for user in (self.mia, self.ann):
            self._sign_in(user)
            for model, record, methods in (
                (
                    "groupbuy.merchant",
                    self.mill,
                    ("action_approve", "action_reject", "action_suspend",
                     "action_ask_more", "action_reinstate"),
                ),
                (
                    "groupbuy.product.review",
                    self.review,
                    ("action_approve", "action_decline", "action_decide"),
                ),
            ):  # fmt: skip
                for method in methods:
                    result, error = self._call(model, method, record.ids)
                    self.assertEqual(error, "AccessError", (method, result))

    def test_every_public_method_is_known(self):
        """Each public method of ours is for merchants, listed above, or a button that
        asks for an operator's rights."""
        for model in CLOSED_MODELS:
            ours = set()
            for base in type(self.env[model]).__mro__:
                if not base.__module__.startswith("odoo.addons.groupbuy_merchant"):
                    continue
                for name, method in vars(base).items():
                    if name.startswith("_") or not callable(method):
                        continue
                    get_public_method(self.env[model], name)
                    ours.add(name)
            ours -= {"create", "write", "unlink"}
            others = {name for name in ours if not name.startswith("action_")}
            expected = FOR_MERCHANTS if model == "groupbuy.merchant" else set()
            self.assertEqual(others, expected, model)
