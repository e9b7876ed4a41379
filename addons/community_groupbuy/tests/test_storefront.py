from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..controllers import main, page_cache
from .storefront_common import StorefrontCommon


@tagged("post_install", "-at_install")
class TestStorefrontPages(StorefrontCommon):
    def _get_url(self, campaign=None):
        return (campaign or self.campaign)._get_website_url()

    # === LIST === #

    def test_list_shows_open_soon_and_closed(self):
        soon = self._create_campaign(
            self._example(),
            name="Soon to come",
            date_open=fields.Datetime.now() + timedelta(days=1),
        )
        closed = self._create_campaign(self._example(), name="Over and done")
        closed.date_close = fields.Datetime.now() - timedelta(minutes=1)
        draft = self._create_campaign(self._example(), name="Secret", publish=False)
        page = self._page("/groupbuy")
        links = {link.get("href") for link in page.cssselect(".o_groupbuy_card h3 a")}
        self.assertIn(self._get_url(), links)
        self.assertIn(self._get_url(soon), links)
        self.assertIn(self._get_url(closed), links)
        self.assertNotIn(self._get_url(draft), links)
        self.assertNotIn("Secret", page.text_content())

    def test_list_of_a_shop_without_any_group_buy_opens(self):
        campaigns = self.env["groupbuy.campaign"].search([])
        campaigns.state = "draft"
        campaigns.unlink()
        page = self._page("/groupbuy")
        self.assertFalse(page.cssselect(".o_groupbuy_card"))

    def test_list_searches_names_and_products(self):
        self._create_campaign(self._offer(self.ginger, 9), name="Another one")
        for search, shown in (("Leek", True), ("winter", True), ("nothing", False)):
            page = self._page(f"/groupbuy?search={search}")
            self.assertEqual("Winter vegetables" in page.text_content(), shown, search)

    def test_list_filters_by_point_and_remembers_it(self):
        west = self.env["groupbuy.pickup.point"].create({"name": "West Gate"})
        self.campaign.pickup_point_ids = self.point
        self.authenticate("gb_resident_1", "gb_resident_1")
        for url in (f"/groupbuy?point={west.id}", "/groupbuy"):
            page = self._page(url)
            self.assertNotIn("Winter vegetables", page.text_content())
            chosen = page.cssselect("select[name=point] option[selected]")
            self.assertEqual(chosen[0].get("value"), str(west.id))
        self.assertIn("Winter vegetables", self._get("/groupbuy?point=0").text)

    def test_list_proposes_the_residents_own_point(self):
        self.ann.partner_id.groupbuy_pickup_point_id = self.point
        self.authenticate("gb_resident_1", "gb_resident_1")
        chosen = self._page("/groupbuy").cssselect(
            "select[name=point] option[selected]"
        )
        self.assertEqual(chosen[0].get("value"), str(self.point.id))

    def test_list_is_paged(self):
        for number in range(13):
            self._create_campaign(self._example(), name=f"Number {number}")
        first = self._page("/groupbuy").cssselect(".o_groupbuy_card")
        second = self._page("/groupbuy/page/2").cssselect(".o_groupbuy_card")
        self.assertEqual(len(first), 12)
        self.assertGreaterEqual(len(second), 2)

    def test_empty_list_says_so(self):
        page = self._page("/groupbuy?search=zzzz")
        self.assertTrue(page.cssselect(".o_groupbuy_empty"))

    # === PAGE === #

    def test_page_is_readable_without_javascript(self):
        self._buy(self.campaign, self.ben, {self.leek: 25})
        text = self._text(self._page(self._get_url()).cssselect("#wrap")[0])
        self.assertIn("25 more for ¥ 8.00", text.replace("\xa0", " "))
        for word in ("Leeks", "9.00", "35 left", "1 joined", "packs of 2"):
            self.assertIn(word, text)
        # Dates are those of the company's clock on the wall.
        self.company.partner_id.tz = "Asia/Shanghai"
        local = self.campaign.date_close + timedelta(hours=8)
        self.assertIn(f"{local:%H:%M}", text)

    def test_page_shows_final_prices_and_failure(self):
        self._buy(self.campaign, self.ben, {self.leek: 25})
        self._close(self.campaign)
        text = self._text(self._page(self._get_url()).cssselect("#wrap")[0])
        self.assertIn("Final price for everyone", text)
        self.assertFalse(self._page(self._get_url()).cssselect(".o_groupbuy_stepper"))
        failed = self._create_campaign(
            self._example(), goal_type="participants", goal_value=5
        )
        self._buy(failed, self.ben, 1)
        self._close(failed)
        self.assertIn("Not enough neighbours", self._get(self._get_url(failed)).text)

    def test_hidden_campaigns_are_nowhere(self):
        draft = self._create_campaign(self._example(), publish=False)
        gone = self._create_campaign(self._example())
        gone.action_cancel()
        for login in (None, "gb_resident_1"):
            self.authenticate(login, login)
            for campaign in (draft, gone):
                for url in (
                    f"/groupbuy/{campaign.id}",
                    self._get_url(campaign),
                    f"/groupbuy/{campaign.id}/progress",
                    f"/groupbuy/{campaign.id}/qr.svg",
                ):
                    self._get(url, 404)

    def test_operators_preview_drafts(self):
        draft = self._create_campaign(self._example(), publish=False)
        self.authenticate("admin", "admin")
        self.assertIn("Winter vegetables", self._get(self._get_url(draft)).text)

    def test_numbers_beyond_the_database_are_not_found(self):
        for url in ("/groupbuy/99999999999/progress", "/groupbuy/99999999999/qr.svg"):
            self._get(url, 404)

    def test_shared_page_shows_title_description_and_picture(self):
        self.campaign.description = "<p>Fresh from the field</p>"
        page = self._page(self._get_url())
        meta = {
            node.get("property"): node.get("content")
            for node in page.cssselect("meta[property]")
        }
        self.assertIn("Winter vegetables", meta["og:title"])
        self.assertEqual(meta["og:description"], "Fresh from the field")

    def test_sitemap_holds_published_campaigns_only(self):
        draft = self._create_campaign(self._example(), name="Draft", publish=False)
        self.env["ir.attachment"].search([("url", "=like", "/sitemap%")]).unlink()
        sitemap = self._get("/sitemap.xml").text
        self.assertIn(f"{self._get_url()}<", sitemap)
        self.assertNotIn(self._get_url(draft), sitemap)

    # === CACHE === #

    def test_visitors_share_a_page_but_no_token(self):
        with patch.object(page_cache, "SECONDS", 3600):
            first = self._get(self._get_url()).text
            self._buy(self.campaign, self.ben, {self.leek: 25})
            self.opener.cookies.clear()
            second = self._get(self._get_url()).text
        self.assertEqual(*(page_cache.TOKEN.sub("", text) for text in (first, second)))
        tokens = [set(page_cache.TOKEN.findall(text)) for text in (first, second)]
        self.assertTrue(all(tokens))
        self.assertFalse(tokens[0] & tokens[1])

    def test_a_kept_page_is_left_at_once_when_the_campaign_ends(self):
        with patch.object(page_cache, "SECONDS", 3600):
            self.assertIn("o_groupbuy_stepper", self._get(self._get_url()).text)
            self.campaign.date_close = fields.Datetime.now() - timedelta(seconds=1)
            self.assertNotIn("o_groupbuy_stepper", self._get(self._get_url()).text)

    def test_nothing_personal_is_kept(self):
        with patch.object(page_cache, "SECONDS", 3600):
            self.authenticate("gb_resident_1", "gb_resident_1")
            token = self.campaign._get_inviter_token(self.ann.partner_id)
            own = self._get(self._get_url()).text
            self.assertIn(token, own)
            ((_expires_at, kept),) = page_cache._pages.values()
            self.assertIn("o_groupbuy_stepper", kept)
            for personal in (token, "csrf_token", self.ann.name, self.point.name):
                self.assertNotIn(personal, kept)
            self.opener.cookies.clear()
            public = self._get(self._get_url()).text
            self.assertIn(str(kept), public, "the same for residents and visitors")
            self.assertNotIn("?from=", public)
            self.assertEqual(len(page_cache._pages), 2)

    # === PROGRESS === #

    def test_progress_has_exactly_the_agreed_keys(self):
        self._buy(self.campaign, self.ben, {self.leek: 25})
        self._join(self.campaign, self.cem, {self.leek: 5})
        response = self._get(f"/groupbuy/{self.campaign.id}/progress")
        self.assertEqual(response.headers["Cache-Control"], "public, max-age=1")
        self.assertNotIn("Set-Cookie", response.headers)
        progress = response.json()
        seconds_left = progress.pop("seconds_left")
        self.assertAlmostEqual(seconds_left, 2 * 24 * 3600, delta=60)
        leek, ginger = self.campaign.offer_ids
        self.assertEqual(
            progress,
            {
                "campaign": self.campaign.id,
                "state": "open",
                "participants": 1,
                "offers": [
                    {
                        "id": leek.id,
                        "quantity": 25,
                        "price": 9.0,
                        "next_quantity": 50,
                        "next_price": 8.0,
                        "remaining": 30,
                    },
                    {
                        "id": ginger.id,
                        "quantity": 0,
                        "price": 18.0,
                        "next_quantity": None,
                        "next_price": None,
                        "remaining": None,
                    },
                ],
            },
        )

    def test_goal_comes_along_if_asked_for(self):
        url = f"/groupbuy/{self.campaign.id}/progress?goal=1"
        self.assertIsNone(self._get(url).json()["goal"])
        self.campaign.write({"goal_type": "amount", "goal_value": 500})
        self._buy(self.campaign, self.ben, {self.leek: 25})
        goal = self._get(url).json()["goal"]
        self.assertEqual(goal, {"missing": 275.0, "bar": 45})

    def test_many_who_look_on_ask_the_database_once(self):
        url = f"/groupbuy/{self.campaign.id}/progress"
        with patch.object(main, "PROGRESS_SECONDS", 3600):
            first = self._get(url).json()
            self._buy(self.campaign, self.ben, {self.leek: 25})
            self.assertEqual(self._get(url).json(), first)
            self.campaign.action_cancel()
        page_cache._pages.clear()
        self.assertEqual(self._get(url, status=404).status_code, 404)

    def test_progress_follows_the_dates_before_the_sweep(self):
        url = f"/groupbuy/{self.campaign.id}/progress"
        self.campaign.date_close = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(self._get(url).json()["state"], "closing")

    # === SHARE === #

    def test_qr_code_is_drawn(self):
        response = self._get(f"/groupbuy/{self.campaign.id}/qr.svg")
        self.assertEqual(response.headers["Content-Type"], "image/svg+xml")
        self.assertIn("private", response.headers["Cache-Control"])
        self.assertIn("<svg", response.text)

    def test_joins_after_a_shared_link_are_attributed(self):
        token = self.campaign._get_inviter_token(self.ben.partner_id)
        self.authenticate("gb_resident_1", "gb_resident_1")
        self._get(f"{self._get_url()}?from={token}")
        answer, _error = self._rpc_join()
        self.assertEqual(self._order(answer).groupbuy_inviter_id, self.ben.partner_id)

    def test_forged_shared_links_are_not_believed(self):
        self.authenticate("gb_resident_1", "gb_resident_1")
        self._get(f"{self._get_url()}?from={self.ben.partner_id.id}-0123456789abcdef")
        answer, _error = self._rpc_join()
        self.assertFalse(self._order(answer).groupbuy_inviter_id)

    # === SHOP === #

    def test_products_of_open_campaigns_are_marked_in_the_shop(self):
        self._buy(self.campaign, self.ben, {self.leek: 25})
        template = self.leek.product_tmpl_id
        shop = self._page("/shop?search=Leeks")
        mark = shop.cssselect(".o_groupbuy_mark")[0]
        self.assertEqual(mark.get("href"), self._get_url())
        self.assertIn("9.00", mark.text_content())
        box = self._page(template.website_url).cssselect(".o_groupbuy_box")[0]
        self.assertIn("25 more for", self._text(box))
        self.campaign.date_close = fields.Datetime.now() - timedelta(seconds=1)
        self.assertFalse(self._page("/shop?search=Leeks").cssselect(".o_groupbuy_mark"))

    def test_marking_a_page_of_products_costs_no_query_per_product(self):
        products = [self._create_product(f"Nr {n}", 10) for n in range(8)]
        self._create_campaign(*(self._offer(product, 9) for product in products))
        templates = self.env["product.template"].union(
            *(product.product_tmpl_id for product in products)
        )

        def count(records):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(
                len(records._get_open_groupbuys(self.website)), len(records)
            )
            return self.env.cr.sql_log_count - before

        count(templates)
        self.assertLessEqual(count(templates), count(templates[:2]) + 1)

    def test_offers_on_a_page_cost_no_query_each(self):
        products = [self._create_product(f"Nr {n}", 10) for n in range(8)]
        few = self._create_campaign(*(self._offer(p, 9, {20: 8}) for p in products[:2]))
        many = self._create_campaign(*(self._offer(p, 9, {20: 8}) for p in products))

        def count(campaign):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            campaign._prepare_offers(campaign._get_public_progress(campaign.id))
            return self.env.cr.sql_log_count - before

        count(many)
        self.assertLessEqual(count(many), count(few) + 1)


@tagged("post_install", "-at_install")
class TestStorefrontJoin(StorefrontCommon):
    def setUp(self):
        super().setUp()
        self.authenticate("gb_resident_1", "gb_resident_1")

    def _assertRefused(self, **params):
        before = self.env["groupbuy.hold"].search_count([])
        answer, error = self._rpc_join(**params)
        self.assertIsNone(answer, params)
        self.assertEqual(error["name"], "odoo.exceptions.UserError", params)
        self.assertTrue(error["message"])
        self.assertEqual(self.env["groupbuy.hold"].search_count([]), before)

    def test_join_answers_as_agreed(self):
        answer, error = self._rpc_join(5)
        self.assertIsNone(error)
        self.assertEqual(
            set(answer),
            {"order_id", "access_token", "payment_url", "amount", "expires_at"},
        )
        self.assertEqual(answer["amount"], 50.0)
        self.assertEqual(self.ann.partner_id.groupbuy_pickup_point_id, self.point)

    def test_same_key_same_answer(self):
        self.assertEqual(self._rpc_join(5)[0], self._rpc_join(5)[0])

    def test_prices_from_the_client_are_ignored(self):
        line = {"offer_id": self.offer.id, "quantity": 2, "price": 0.01}
        answer, _error = self._rpc_join(lines=[line], amount=0.01, price_unit=0.01)
        self.assertEqual(answer["amount"], 20.0)

    def test_bad_quantities_are_refused(self):
        for quantity in (0, -1, 1.5, 10**12, 1e300, "2", None, True, [], {}, 61, 31):
            with self.subTest(quantity=quantity):
                self._assertRefused(quantity=quantity, key="bad")

    def test_bad_lines_are_refused(self):
        line = {"offer_id": self.offer.id, "quantity": 1}
        other = self._create_campaign(self._example()).offer_ids
        packed = self.campaign.offer_ids[1].id
        for lines in (
            None,
            [],
            "all",
            {},
            [line, line],
            [[]],
            [{"offer_id": other.id, "quantity": 1}],
            [{"offer_id": -1, "quantity": 1}],
            [{"offer_id": "1 OR 1=1", "quantity": 1}],
            [{"offer_id": packed, "quantity": 3}],
            [{"offer_id": packed, "quantity": 12}],
        ):
            with self.subTest(lines=lines):
                self._assertRefused(lines=lines)

    def test_bad_points_and_keys_are_refused(self):
        foreign = self.env["groupbuy.pickup.point"].create({"name": "Elsewhere"})
        self.campaign.pickup_point_ids = self.point
        for point in (None, foreign.id, -1, "1", True, 10**15):
            self._assertRefused(pickup_point_id=point)
        for key in (None, "", "k" * 65, 1, ["key"]):
            self._assertRefused(key=key)

    def test_campaigns_that_are_not_open_are_refused(self):
        soon = self._create_campaign(
            self._example(), date_open=fields.Datetime.now() + timedelta(days=1)
        )
        draft = self._create_campaign(self._example(), publish=False)
        for campaign_id in (soon.id, draft.id, 2**31 - 1, 2**40):
            _answer, error = self._rpc(
                f"/groupbuy/{campaign_id}/join",
                lines=[{"offer_id": soon.offer_ids.id, "quantity": 1}],
                pickup_point_id=self.point.id,
                key="closed",
            )
            self.assertEqual(error["name"], "odoo.exceptions.UserError")

    def test_visitors_are_asked_to_sign_in(self):
        self.authenticate(None, None)
        _answer, error = self._rpc_join()
        self.assertEqual(error["name"], "odoo.http.SessionExpiredException")

    # === WITHOUT JAVASCRIPT === #

    def test_form_joins_and_goes_to_payment(self):
        response = self._post(
            f"/groupbuy/{self.campaign.id}/join-form",
            {
                f"quantity_{self.offer.id}": "4",
                f"quantity_{self.campaign.offer_ids[1].id}": "0",
                "pickup_point_id": str(self.point.id),
                "key": "form",
            },
        )
        self.assertEqual(response.status_code, 303)
        self.assertIn("/groupbuy/pay/", response.headers["Location"])
        order = self.env["sale.order"].search([("groupbuy_key", "=", "form")])
        self.assertEqual(order.amount_total, 40.0)

    def test_form_shows_what_is_wrong_and_keeps_what_was_chosen(self):
        response = self._post(
            f"/groupbuy/{self.campaign.id}/join-form",
            {f"quantity_{self.offer.id}": "4", "key": "form"},
        )
        page = self._page(response.headers["Location"])
        error = page.cssselect(".o_groupbuy_error")[0]
        self.assertIn("pickup points", error.text_content())
        field = page.cssselect(f"input[name=quantity_{self.offer.id}]")[0]
        self.assertEqual(field.get("value"), "4")

    def test_form_of_a_visitor_leads_through_sign_in(self):
        self.authenticate(None, None)
        response = self._post(
            f"/groupbuy/{self.campaign.id}/join-form",
            {f"quantity_{self.offer.id}": "4", "key": "form"},
        )
        self.assertIn("/web/login?redirect=", response.headers["Location"])
        self.assertIn(f"{self.offer.id}%253A4", response.headers["Location"])

    def test_form_needs_its_token(self):
        url = f"/groupbuy/{self.campaign.id}/join-form"
        with mute_logger("odoo.http"):
            self.assertEqual(self.url_open(url, data={"key": "x"}).status_code, 400)


@tagged("post_install", "-at_install")
class TestStorefrontPayment(StorefrontCommon):
    def setUp(self):
        super().setUp()
        self.authenticate("gb_resident_1", "gb_resident_1")
        self.order = self._order(self._rpc_join(5)[0])

    def _pay_url(self, order=None):
        order = order or self.order
        return f"/groupbuy/pay/{order.id}?access_token={order.access_token}"

    def _open_payment(self):
        response = self.url_open(self._pay_url())
        self.assertTrue(response.url.endswith("/shop/payment"), response.url)
        return response.text

    def _start_transaction(self, order=None, **params):
        order = order or self.order
        return self._rpc(
            f"/shop/payment/transaction/{order.id}",
            access_token=order.access_token,
            provider_id=self.provider.id,
            payment_method_id=self.method.id,
            token_id=None,
            flow="direct",
            tokenization_requested=False,
            landing_route="/my",
            **params,
        )

    def test_payment_page_is_the_shops_own_without_its_steps(self):
        text = self._open_payment()
        self.assertIn("Winter vegetables", text)
        self.assertIn("o_groupbuy_countdown", text)
        self.assertIn('name="promo"', text)
        self.assertIn(f"/my/groupbuy/{self.order.id}?access_token=", text)
        for other in ("o_wizard", 'id="address_on_payment"'):
            self.assertNotIn(other, text)

    def test_own_cart_survives(self):
        answer, _error = self._rpc(
            "/shop/cart/add",
            product_template_id=self.ginger.product_tmpl_id.id,
            product_id=self.ginger.id,
            quantity=3,
        )
        self.assertTrue(answer)
        self._open_payment()
        cart = self._get("/shop/cart").text
        self.assertIn("Ginger", cart)
        self.assertNotIn("Leeks", cart)
        self.assertEqual(self.order.order_line.product_id, self.leek)

    def test_an_unpaid_join_is_never_taken_for_a_cart(self):
        self.assertNotIn("Leeks", self._get("/shop/cart").text)
        self._rpc(
            "/shop/cart/add",
            product_template_id=self.ginger.product_tmpl_id.id,
            product_id=self.ginger.id,
            quantity=1,
        )
        self.assertEqual(self.order.order_line.product_id, self.leek)

    def test_coupon_lowers_what_is_paid(self):
        self._create_coupon_program("SAVE10", discount=10)
        self._open_payment()
        self._post("/shop/pricelist?r=/shop/payment", {"promo": "SAVE10"})
        self.assertEqual(self.order.amount_total, 45.0)
        self.assertIn("45.00", self._get("/shop/payment").text)

    def test_coupon_that_pays_all_takes_part_at_once(self):
        self._create_coupon_program("FREE", discount=100)
        self._open_payment()
        self._post("/shop/pricelist?r=/shop/payment", {"promo": "FREE"})
        self.assertEqual(self.order.amount_total, 0.0)
        response = self._post("/shop/payment/validate", {})
        self.assertIn(f"/my/groupbuy/{self.order.id}", response.headers["Location"])
        self.assertEqual(self.order.groupbuy_status, "waiting")

    def test_validate_without_money_changes_nothing(self):
        self._open_payment()
        self._post("/shop/payment/validate", {})
        self.assertEqual(self.order.groupbuy_status, "to_pay")

    def test_transaction_has_the_servers_amount(self):
        _answer, error = self._start_transaction(amount=0.01)
        self.assertEqual(error["name"], "odoo.exceptions.ValidationError")
        answer, error = self._start_transaction(amount=50.0)
        self.assertIsNone(error)
        self.assertEqual(answer["amount"], 50.0)

    def test_what_is_paid_is_shown_without_a_wait(self):
        self._open_payment()
        self._start_transaction(amount=50.0)
        status = self._get("/payment/status").text
        self.assertIn("o_payment_status", status, "nothing has arrived yet")
        self.order.transaction_ids._set_done()
        response = self.url_open("/payment/status", allow_redirects=False)
        self.assertTrue(response.headers["Location"].endswith("/my"))
        self.assertEqual(self.order.groupbuy_status, "waiting")
        self.assertTrue(self.order.transaction_ids.is_post_processed)

    def test_expired_hold_cannot_be_paid(self):
        self._open_payment()
        expired = fields.Datetime.now() - timedelta(minutes=1)
        self._get_holds(self.order).expires_at = expired
        _answer, error = self._start_transaction(amount=50.0)
        self.assertIn("run out", error["message"])
        for url in ("/shop/payment", self._pay_url()):
            self.assertIn(f"/my/groupbuy/{self.order.id}", self.url_open(url).url)

    def test_paid_order_cannot_be_paid_again(self):
        self._pay(self.order)
        _answer, error = self._start_transaction(amount=50.0)
        self.assertEqual(error["name"], "odoo.exceptions.ValidationError")
        self.assertIn(
            f"/my/groupbuy/{self.order.id}", self.url_open(self._pay_url()).url
        )

    def test_portal_payment_of_orders_is_closed_to_joins(self):
        _answer, error = self._rpc(
            f"/my/orders/{self.order.id}/transaction",
            access_token=self.order.access_token,
            provider_id=self.provider.id,
            payment_method_id=self.method.id,
            token_id=None,
            amount=0.01,
            flow="direct",
            tokenization_requested=False,
            landing_route="/my",
        )
        self.assertEqual(error["name"], "odoo.exceptions.ValidationError")
        self.assertFalse(self.order.transaction_ids)

    def test_neighbours_do_not_take_over_a_join(self):
        self.authenticate("gb_resident_2", "gb_resident_2")
        response = self.url_open(self._pay_url())
        self.assertIn(f"/my/groupbuy/{self.order.id}", response.url)
        self.assertEqual(self.order.partner_id, self.ann.partner_id)
        response = self.url_open(f"/groupbuy/pay/{self.order.id}")
        self.assertTrue(response.url.endswith("/my/groupbuy"))
