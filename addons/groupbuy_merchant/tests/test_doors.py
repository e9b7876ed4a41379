from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import MerchantHttpCommon

NAME = "Xyzzy Apples"


@tagged("post_install", "-at_install")
class TestDoors(MerchantHttpCommon):
    """Nothing unreviewed, unpublished or of a suspended merchant is seen or bought.

    Each test walks through one kind of doors: open first, so that it cannot pass
    because the door was never there, then closed for each of the reasons.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        template = cls.apple.product_tmpl_id
        for lang, _name in cls.env["res.lang"].get_installed():
            template.with_context(lang=lang).name = NAME
        cls.template = template
        cls.url = template.website_url
        cls.leek.company_id = cls.company
        cls.leek.alternative_product_ids = template
        cls.leek.accessory_product_ids = cls.apple
        cls.image = cls.env["product.image"].create(
            {
                "name": NAME,
                "product_tmpl_id": template.id,
                "image_1920": template.image_1920,
            }
        )
        cls.campaign = cls._create_campaign(
            cls._offer(cls.apple, 10, {20: 9}), cls._offer(cls.leek, 10)
        )
        cls.offer = cls.campaign.offer_ids.filtered(
            lambda offer: offer.product_id == cls.apple
        )
        cls.admin_user = new_test_user(
            cls.env, "gb_admin", groups="base.group_system,base.group_user"
        )

    # === CLOSING === #

    def _unreview(self):
        self.template.groupbuy_reviewed = False

    def _unpublish(self):
        self.merchants.with_user(self.mia).publish_product(self.template.id, False)

    def _suspend_farm(self):
        self._suspend(self.farm)

    def _each_way(self, check):
        """Run `check(open)`: open, then closed for each reason, from a clean slate."""
        with self.subTest(way="open"):
            check(True)
        for close in (self._unreview, self._unpublish, self._suspend_farm):
            with self.subTest(way=close.__name__):
                savepoint = self.env.cr.savepoint(flush=True)
                close()
                self.env.flush_all()
                self.env.registry.clear_cache()
                try:
                    check(False)
                finally:
                    savepoint.close(rollback=True)
                    self.env.invalidate_all(flush=False)
                    self.env.registry.clear_cache()

    def _users(self):
        return (None, self.ann, self.mia)

    def assertSaid(self, is_open, text, where):
        if is_open:
            self.assertIn(NAME, text, where)
        else:
            self.assertNotIn(NAME, text, where)

    # === SEEN === #

    def test_the_shop_and_its_search(self):
        def check(is_open):
            for user in self._users():
                self._sign_in(user)
                for url in (
                    "/shop",
                    f"/shop?search={NAME}",
                    f"/shop/category/{self.category.id}",
                ):
                    with mute_logger("odoo.http"):
                        answer = self.url_open(url)
                    products = answer.text.replace(f'value="{NAME}"', "")
                    self.assertIn(answer.status_code, (200, 403, 404), url)
                    listed = f"/{self.env['ir.http']._slug(self.template)}"
                    self.assertEqual(listed in products, is_open, (user, url))

        self._each_way(check)

    def test_the_search_box(self):
        def check(is_open):
            for user in self._users():
                self._sign_in(user)
                for kind in ("products_only", "products", "all"):
                    result, error, _text = self._rpc(
                        "/website/snippet/autocomplete",
                        search_type=kind,
                        term="Xyzzy",
                        order="name asc",
                        limit=5,
                        options={
                            "displayImage": True,
                            "displayDescription": True,
                            "displayExtraLink": True,
                            "displayDetail": True,
                            "allowFuzzy": True,
                        },
                    )
                    self.assertFalse(error)
                    found = str([row.get("name") for row in result["results"]])
                    self.assertEqual("Apples" in found, is_open, (user, kind, found))

        self._each_way(check)

    def test_the_products_page_and_old_links(self):
        def check(is_open):
            for user in self._users():
                self._sign_in(user)
                for url in (
                    self.url,
                    f"/shop/old-name-{self.template.id}",
                    f"/shop/product/old-name-{self.template.id}",
                    f"/shop/{self.category.id}/old-name-{self.template.id}",
                    f"/product/{self.template.id}",
                ):
                    with mute_logger("odoo.http"):
                        answer = self.url_open(url)
                    if url == self.url:
                        self.assertEqual(answer.status_code == 200
                                         and NAME in answer.text, is_open)  # fmt: skip
                    if not is_open:
                        self.assertSaid(False, answer.text, (user, url))

        self._each_way(check)

    def test_pictures(self):
        placeholder = self.url_open(
            "/web/image/product.template/999999/image_256"
        ).content

        def check(is_open):
            for user in self._users():
                self._sign_in(user)
                for model, record in (
                    ("product.template", self.template),
                    ("product.product", self.apple),
                    ("product.image", self.image),
                    ("groupbuy.offer", self.offer),
                ):
                    for kind in ("image", "content"):
                        url = f"/web/{kind}/{model}/{record.id}/image_256"
                        with mute_logger("odoo.http"):
                            answer = self.url_open(url)
                        found = answer.status_code == 200
                        shown = found and answer.content != placeholder
                        self.assertEqual(shown, is_open, (user, url))

        # The file store of a copied database lacks old pictures, not these.
        self._each_way(check)

    def test_the_sitemap(self):
        sitemaps = self.env["ir.attachment"]

        def check(is_open):
            # Else it is served as it was made a moment ago.
            sitemaps.search([("url", "=like", "/sitemap%")]).unlink()
            self._sign_in(None)
            text = self._get("/sitemap.xml").text
            self.assertIn("/shop", text)
            self.assertEqual(f"-{self.template.id}<" in text, is_open)

        self._each_way(check)

    def test_snippets(self):
        filters = self.env["website.snippet.filter"].search([])
        filters = filters.filtered(lambda one: one.model_name == "product.product")
        self.assertTrue(filters)
        self.env["website.snippet.filter"].search([]).website_id = self.website
        templates = self.env["ir.ui.view"].search(
            [("key", "like", "website_sale.dynamic_filter_template_product_product")]
        )

        def check(is_open):
            said = False
            for user in self._users():
                self._sign_in(user)
                for snippet in filters:
                    result, _error, _text = self._rpc(
                        "/website/snippet/filters",
                        filter_id=snippet.id,
                        template_key=templates[0].key,
                        limit=16,
                        search_domain=[],
                        with_sample=False,
                        productTemplateId=str(self.leek.product_tmpl_id.id),
                    )
                    said |= NAME in str(result)
                    if not is_open:
                        self.assertSaid(False, str(result), (user, snippet.name))
            if is_open:
                self.assertTrue(said)

        self._each_way(check)

    def test_other_products_pages(self):
        """Accessories and alternatives of a product that is for sale."""

        def check(is_open):
            for user in self._users():
                self._sign_in(user)
                text = self._get(self.leek.website_url).text
                if not is_open:
                    self.assertSaid(False, text, user)

        self._each_way(check)

    def test_the_group_buys_page_list_and_progress(self):
        def check(is_open):
            for user in self._users():
                self._sign_in(user)
                text = self._get(self.campaign._get_website_url()).text
                self.assertSaid(is_open, text, (user, "page"))
                self.assertIn("Leeks", text)
                self.assertEqual(f'data-offer-id="{self.offer.id}"' in text, is_open)
                offers = self._get(f"/groupbuy/{self.campaign.id}/progress").json()
                listed = [offer["id"] for offer in offers["offers"]]
                self.assertEqual(self.offer.id in listed, is_open)
                self.assertEqual(len(listed), 1 + is_open)
                text = self._get(f"/groupbuy?search={NAME}").text
                link = self.campaign._get_website_url()
                self.assertEqual(link in text, is_open, (user, "search"))

        self._each_way(check)

    def test_a_group_buy_of_which_nothing_is_left(self):
        alone = self._create_campaign(self._offer(self.apple, 10), name="Alone")

        def check(is_open):
            for user in self._users():
                self._sign_in(user)
                text = self._get(alone._get_website_url()).text
                self.assertSaid(is_open, text, user)
                text = self._get("/groupbuy").text
                self.assertEqual(alone._get_website_url() in text, is_open)
                # Like a group buy that does not exist, or is not published.
                answer = self.url_open(f"/groupbuy/{alone.id}/progress")
                self.assertEqual(answer.status_code, 200 if is_open else 404)

        with mute_logger("odoo.http"):
            self._each_way(check)

    # === READ OVER RPC === #

    def test_records_over_rpc(self):
        pairs = (
            ("product.template", self.template),
            ("product.product", self.apple),
            ("product.image", self.image),
            ("groupbuy.offer", self.offer),
            ("groupbuy.tier", self.offer.tier_ids),
        )

        def check(is_open):
            for user in (self.ann, self.mia):
                self._sign_in(user)
                for model, record in pairs:
                    found, error = self._call(model, "search", [("id", "=", record.id)])
                    self.assertFalse(error)
                    self.assertEqual(bool(found), is_open, (user.login, model))
                    _rows, error = self._call(
                        model, "read", record.ids, ["display_name"]
                    )
                    self.assertEqual(not error, is_open, (user.login, model))
                found, error = self._call("product.template", "name_search", NAME)
                self.assertEqual(bool(found), is_open)
                rows, error = self._call(
                    "groupbuy.campaign", "read", self.campaign.ids, ["offer_ids"]
                )
                self.assertEqual(self.offer.id in rows[0]["offer_ids"], is_open)

        self._each_way(check)

    def test_prices_over_rpc(self):
        def check(is_open):
            for user in self._users():
                self._sign_in(user)
                for url, params in (
                    (
                        "/website_sale/get_combination_info",
                        {"product_id": self.apple.id, "combination": [], "add_qty": 1},
                    ),
                    (
                        "/website_sale/product_configurator/get_values",
                        {
                            "product_id": self.apple.id,
                            "quantity": 1,
                            "currency_id": self.company.currency_id.id,
                            "so_date": "2026-01-01T00:00:00",
                            "ptav_ids": [],
                        },
                    ),
                ):
                    key = "product_template_id"
                    result, error, text = self._rpc(
                        url, **{key: self.template.id, **params}
                    )
                    if is_open:
                        self.assertFalse(error, (url, text))
                    else:
                        self.assertTrue(error, url)
                        self.assertSaid(False, str(result) + text, (user, url))

        self._each_way(check)

    # === BOUGHT === #

    def _add(self):
        return self._rpc(
            "/shop/cart/add",
            product_template_id=self.template.id,
            product_id=self.apple.id,
            quantity=1,
        )

    def test_the_cart(self):
        """Also for administrators, whom Odoo lets buy everything."""

        def check(is_open):
            for user in (*self._users(), self.admin_user):
                self._sign_in(user)
                result, error, _text = self._add()
                self.assertEqual(bool(error), not is_open, (user, result))

        self._each_way(check)

    def _fill_cart(self):
        self._sign_in(self.ann)
        result, error, _text = self._add()
        self.assertFalse(error)
        line_id = result["tracking_info"] and self.env["sale.order"].search(
            [("partner_id", "=", self.ann.partner_id.id), ("state", "=", "draft"),
             ("website_id", "!=", False)], limit=1,
        ).order_line[:1].id  # fmt: skip
        return self.env["sale.order.line"].browse(line_id)

    def test_what_lies_in_a_cart_cannot_be_paid(self):
        line = self._fill_cart()
        order = line.order_id

        def check(is_open):
            if is_open:
                order._groupbuy_check_withheld()
                return
            self.assertIn("not for sale", order._groupbuy_get_withheld_text().lower())
            self.assertFalse(order._is_cart_ready())
            with self.assertRaises(ValidationError):
                order._check_cart_is_ready_to_be_paid()
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self._create_payment(order)
            params = {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "token_id": None,
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": "/my",
            }
            for url, extra in (
                (f"/shop/payment/transaction/{order.id}", {}),
                (f"/my/orders/{order.id}/transaction",
                 {"amount": order.amount_total}),
            ):  # fmt: skip
                token = order._portal_ensure_token()
                result, error, text = self._rpc(
                    url, access_token=token, **params, **extra
                )
                self.assertTrue(error, (url, result))
            self.assertFalse(order.transaction_ids)
            # The cart says so, and lets go of it.
            self.assertIn("Not for sale", self._get("/shop/cart").text)
            self._rpc("/shop/cart/update", line_id=line.id, quantity=2,
                      product_id=self.apple.id)  # fmt: skip
            self.assertFalse(order.order_line.filtered("groupbuy_merchant_id"))

        self._each_way(check)

    def test_joining(self):
        body = {
            "lines": [{"offer_id": self.offer.id, "quantity": 1}],
            "pickup_point_id": self.point.id,
        }

        def check(is_open):
            for number, user in enumerate((self.ann, self.mia, self.admin_user)):
                self._sign_in(user)
                key = f"door-{is_open}-{number}-{self.id()}"[-60:]
                result, error, _text = self._rpc(
                    f"/groupbuy/{self.campaign.id}/join", **body, key=key
                )
                self.assertEqual(bool(error), not is_open, (user.login, result))
            self._sign_in(self.ann)
            _result, error, _text = self._rpc(
                f"/groupbuy/{self.campaign.id}/delivery", lines=body["lines"]
            )
            self.assertTrue(error)
            with self.assertRaises(UserError) if not is_open else self.subTest():
                self._join(self.campaign, self.ben, {self.apple: 1})

        self._each_way(check)

    def test_a_join_that_was_held_cannot_be_paid(self):
        order = self._join(self.campaign, self.ann, {self.apple: 2, self.leek: 1})

        def check(is_open):
            if is_open:
                order._check_cart_is_ready_to_be_paid()
                return
            with self.assertRaises(ValidationError):
                order._check_cart_is_ready_to_be_paid()
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self._create_payment(order)
            self._sign_in(self.ann)
            self._get(
                f"/groupbuy/pay/{order.id}?access_token={order.access_token}", 303
            )
            _result, error, _text = self._rpc(
                f"/shop/payment/transaction/{order.id}",
                access_token=order.access_token,
                provider_id=self.provider.id,
                payment_method_id=self.method.id,
                token_id=None,
                flow="direct",
                tokenization_requested=False,
                landing_route="/my",
            )
            self.assertTrue(error)
            self.assertFalse(order.transaction_ids)

        self._each_way(check)

    def test_buying_again(self):
        other = self._create_campaign(self._offer(self.apple, 10))
        order = self._buy(other, self.ann, {self.apple: 2})
        self._close(other)
        self.assertEqual(order.state, "sale")

        def check(is_open):
            campaign, pieces = order._groupbuy_find_again()
            self.assertEqual(bool(campaign or pieces), is_open)
            self._sign_in(self.ann)
            self._get(f"/my/groupbuy/{order.id}")

        self._each_way(check)

    def test_the_wish_list(self):
        self.env["product.wishlist"].create(
            {
                "partner_id": self.ann.partner_id.id,
                "product_id": self.apple.id,
                "website_id": self.website.id,
            }
        )

        def check(is_open):
            self._sign_in(self.ann)
            text = self._get("/shop/wishlist").text
            self.assertSaid(is_open, text, "wish list")

        self._each_way(check)

    # === WHAT WAS PAID GOES ON === #

    def test_orders_that_were_paid_are_delivered(self):
        campaign = self._create_campaign(self._offer(self.apple, 10))
        order = self._buy(campaign, self.ann, {self.apple: 2})
        self._suspend(self.farm)
        self._close(campaign)
        self.assertEqual(order.state, "sale")
        self._sign_in(self.ann)
        self.assertIn(NAME, self._get(f"/my/groupbuy/{order.id}").text)

    def test_reinstated_goods_are_for_sale_again(self):
        self._suspend(self.farm)
        self.assertTrue(self.template.groupbuy_withheld)
        self.farm.with_user(self.operator).action_reinstate()
        self.assertFalse(self.template.groupbuy_withheld)
        self.assertFalse(self.offer.withheld)

    def test_archived_merchants_sell_nothing(self):
        self.farm.active = False
        self.assertTrue(self.template.groupbuy_withheld)

    def test_own_goods_are_sold_as_ever(self):
        self.assertFalse(self.leek.groupbuy_withheld)
        self.leek.is_published = False
        self.assertFalse(self.leek.groupbuy_withheld)
        self.env["groupbuy.campaign"].flush_model()
        self.assertIn("Leeks", self._get(self.campaign._get_website_url()).text)

    def test_every_variant_is_withheld(self):
        attribute = self.env["product.attribute"].create(
            {
                "name": "Size",
                "value_ids": [Command.create({"name": n}) for n in ("S", "L")],
            }
        )
        self.template.attribute_line_ids = [
            Command.create(
                {
                    "attribute_id": attribute.id,
                    "value_ids": [Command.set(attribute.value_ids.ids)],
                }
            )
        ]
        self._suspend(self.farm)
        variants = self.template.product_variant_ids
        self.assertEqual(len(variants), 2)
        self.assertEqual(set(variants.mapped("groupbuy_withheld")), {True})
