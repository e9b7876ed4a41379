from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.community_groupbuy.controllers import page_cache
from odoo.addons.website_sale.controllers.payment import PaymentPortal

from ..models.groupbuy_leader_referral import COOKIE
from .sharing_common import SharingCommon


@tagged("post_install", "-at_install")
class TestReferral(SharingCommon):
    """Who followed a leader's link, and orders in time, was brought by that leader."""

    def _follow(self, leader, campaign=None):
        """:return: the answer to following a leader's link"""
        return self._get(
            leader._get_share_path(campaign), status=303 if campaign else 200
        )

    def _rpc_order(self, quantity=1, **params):
        answer, error = self._rpc_join(quantity, **params)
        self.assertFalse(error)
        return self._order(answer)

    # === LINKS === #

    def test_link_leads_to_the_campaign_and_sets_a_cookie(self):
        response = self._follow(self.leader, self.campaign)
        self.assertIn(self.campaign._get_website_url(), response.headers["Location"])
        cookie = response.headers["Set-Cookie"]
        self.assertIn(f"{COOKIE}={self.leader.id}.", cookie)
        self.assertIn("HttpOnly", cookie)
        self.assertIn("SameSite=Lax", cookie)
        self.assertIn(f"Max-Age={30 * 24 * 60 * 60}", cookie)

    def test_link_of_a_leader_who_has_left_still_leads_there(self):
        self.leader.state = "suspended"
        response = self._follow(self.leader, self.campaign)
        self.assertIn(self.campaign._get_website_url(), response.headers["Location"])
        self.assertNotIn(COOKIE, response.headers.get("Set-Cookie", ""))

    def test_link_to_nowhere_is_not_found(self):
        draft = self._create_campaign(self._offer(self.leek, 10), publish=False)
        path = self.leader._get_share_path()
        for url in (
            f"{path}/{draft.id}",
            f"{path}/0",
            f"{path}/{2**31}",
            f"{path}/{2**70}",
            f"{path}/{draft.id}/qr.svg",
            "/groupbuy/l/nobody",
            "/groupbuy/l/nobody/qr.svg",
            "/groupbuy/l/a%20b",
        ):
            with self.subTest(url=url):
                self._get(url, status=404)

    def test_an_address_that_the_database_cannot_hold_is_nobodys(self):
        # Odoo itself answers such a request with an error, whoever has the address.
        for slug in ("\0", "", "x" * 5000):
            self.assertFalse(self.env["groupbuy.leader"]._find_by_slug(slug))

    def test_the_page_cache_keeps_nobodys_cookie(self):
        self.patch(page_cache, "SECONDS", 60)
        page = self.leader._get_share_path()
        first = self._get(page)
        self.assertIn(f"{COOKIE}={self.leader.id}.", first.headers["Set-Cookie"])
        # Another visitor gets the page that was kept, and a cookie of their own.
        self.opener.cookies.clear()
        with patch.object(
            type(self.env["groupbuy.leader"]), "_get_shared", side_effect=ValueError
        ):
            second = self._get(page)
        self.assertIn(f"{COOKIE}={self.leader.id}.", second.headers["Set-Cookie"])
        # A campaign's page says nothing about how a visitor came there.
        url = self.campaign._get_website_url()
        with_cookie = self._get(url).text
        self.opener.cookies.clear()
        without = self._get(url)
        self.assertNotIn(COOKIE, without.headers.get("Set-Cookie", ""))
        self.assertNotIn(self.leader.slug, with_cookie)

    # === JOINS === #

    def test_join_after_following_a_link_is_the_leaders(self):
        self._follow(self.leader, self.campaign)
        # A browser keeps its cookies while somebody signs in; this one is a new one.
        cookie = self.opener.cookies[COOKIE]
        self._sign_in(self.cem)
        self.opener.cookies.set(COOKIE, cookie)
        self.assertEqual(self._rpc_order().groupbuy_referrer_id, self.leader)

    def test_join_without_a_link_is_nobodys(self):
        self._sign_in(self.cem)
        self.assertFalse(self._rpc_order().groupbuy_referrer_id)

    def test_the_last_link_counts(self):
        self._sign_in(self.cem)
        self._follow(self.leader, self.campaign)
        self._follow(self.other_leader)
        self.assertEqual(self._rpc_order().groupbuy_referrer_id, self.other_leader)

    def test_a_link_counts_for_the_days_set_and_no_longer(self):
        self.company.groupbuy_referral_days = 10
        leaders = self.env["groupbuy.leader"]
        cookie = self.leader._get_referral()
        with self._later(days=9, hours=23):
            self.assertEqual(leaders._read_referral(cookie, 10), self.leader.id)
        with self._later(days=10, seconds=1):
            self.assertIsNone(leaders._read_referral(cookie, 10))
        # Not the browser decides how old its cookie is.
        with self._later(days=-11):
            old = self.leader._get_referral()
        self._sign_in(self.cem)
        self.opener.cookies.set(COOKIE, old)
        self.assertFalse(self._rpc_order().groupbuy_referrer_id)

    def test_no_days_switch_links_off(self):
        self.company.groupbuy_referral_days = 0
        response = self._follow(self.leader)
        self.assertNotIn(COOKIE, response.headers.get("Set-Cookie", ""))
        self._sign_in(self.cem)
        self.opener.cookies.set(COOKIE, self.leader._get_referral())
        self.assertFalse(self._rpc_order().groupbuy_referrer_id)

    def test_forged_cookies_count_for_nothing(self):
        genuine = self.leader._get_referral()
        own, stamp, signature = genuine.split(".")
        self._sign_in(self.cem)
        for index, forged in enumerate(
            (
                f"{self.other_leader.id}.{stamp}.{signature}",
                f"{own}.{int(stamp) + 1}.{signature}",
                f"{own}.{stamp}.",
                f"{own}.{stamp}",
                "..",
                ".",
                "1",
                "x" * 5000,
            )
        ):
            with self.subTest(forged=forged[:40]):
                self.opener.cookies.set(COOKIE, forged)
                order = self._rpc_order(key=f"forged-{index}")
                self.assertFalse(order.groupbuy_referrer_id)
        self.opener.cookies.set(COOKIE, genuine)
        self.assertEqual(
            self._rpc_order(key="genuine").groupbuy_referrer_id, self.leader
        )

    def test_a_leaders_own_orders_are_no_merit(self):
        self._sign_in(self.ann)
        self._follow(self.leader, self.campaign)
        self.assertFalse(self._rpc_order().groupbuy_referrer_id)

    def test_leaders_who_were_suspended_or_work_elsewhere_earn_no_order(self):
        self._sign_in(self.cem)
        self._follow(self.leader, self.campaign)
        self.leader.state = "suspended"
        self.assertFalse(self._rpc_order(key="suspended").groupbuy_referrer_id)
        self.leader.write(
            {
                "state": "approved",
                "company_id": self.env["res.company"].create({"name": "Far Away"}).id,
            }
        )
        self.assertFalse(self._rpc_order(key="elsewhere").groupbuy_referrer_id)

    def test_residents_cannot_choose_who_brought_an_order(self):
        self._sign_in(self.cem)
        order = self._rpc_order(groupbuy_referrer_id=self.leader.id)
        self.assertFalse(order.groupbuy_referrer_id)
        fields = self.env["sale.order"].with_user(self.cem).fields_get()
        self.assertNotIn("groupbuy_referrer_id", fields)

    def test_copies_of_an_order_were_brought_by_nobody(self):
        self._sign_in(self.cem)
        self._follow(self.leader, self.campaign)
        order = self._rpc_order()
        self.assertEqual(order.groupbuy_referrer_id, self.leader)
        self.assertFalse(order.copy({"groupbuy_key": False}).groupbuy_referrer_id)

    # === SHOP === #

    def _fill_cart(self, user):
        """:return: the cart of a resident who is signed in, ready to be paid"""
        self.leek.is_storable = False
        self._sign_in(user)
        user.partner_id.write(
            {
                "email": "cem@example.com",
                "street": "2 Spring Road",
                "city": "Jinan",
                "zip": "250000",
                "country_id": self.env.ref("base.cn").id,
                "state_id": self.env.ref("base.state_cn_SD").id,
            }
        )
        result, error = self._rpc(
            "/shop/cart/add",
            product_template_id=self.leek.product_tmpl_id.id,
            product_id=self.leek.id,
            quantity=1,
        )
        self.assertFalse(error, result)
        cart = self.env["sale.order"].search(
            [("partner_id", "=", user.partner_id.id)], limit=1
        )
        carrier = self.env.ref("community_groupbuy.delivery_carrier_pickup")
        carrier.is_published = True
        cart._set_delivery_method(carrier)
        cart.pickup_point_id = self.point
        return cart

    def test_shop_order_is_the_leaders_whose_link_was_followed_before_paying(self):
        cart = self._fill_cart(self.cem)
        self._follow(self.leader)
        self._get("/shop/payment")
        self.assertEqual(cart.groupbuy_referrer_id, self.leader)
        self._follow(self.other_leader)
        self._get("/shop/payment")
        self.assertEqual(cart.groupbuy_referrer_id, self.other_leader)

    def test_shop_order_is_of_who_leads_its_point_when_it_is_paid(self):
        cart = self._fill_cart(self.cem)
        self.assertEqual(cart.groupbuy_leader_id, self.leader)
        self.point.leader_id = self.other_leader
        self._get("/shop/payment")
        self.assertEqual(cart.groupbuy_leader_id, self.other_leader)

    def test_shop_order_that_is_sent_by_parcel_is_nobodys(self):
        cart = self._fill_cart(self.cem)
        cart._set_delivery_method(
            self.env["delivery.carrier"].create(
                {
                    "name": "Handcart",
                    "product_id": self._create_product("Fee", 0).id,
                    "delivery_type": "fixed",
                    "is_published": True,
                }
            )
        )
        self._follow(self.leader)
        self._get("/shop/payment")
        self.assertFalse(cart.groupbuy_referrer_id)
        self.assertFalse(cart.groupbuy_leader_id)

    def test_express_payment_notes_who_brought_the_order(self):
        seen = []
        cart = self._fill_cart(self.cem)
        self._follow(self.leader)

        def note(_controller, _transaction, order):
            seen.append(order.groupbuy_referrer_id)

        # The step after ours: what it sees is what was noted.
        self.patch(PaymentPortal, "_validate_transaction_for_order", note)
        _result, error = self._rpc(
            f"/shop/payment/transaction/{cart.id}",
            access_token=cart._portal_ensure_token(),
            provider_id=self.provider.id,
            payment_method_id=self.method.id,
            token_id=None,
            amount=cart.amount_total,
            flow="direct",
            tokenization_requested=False,
            landing_route="/shop/payment/validate",
        )
        self.assertFalse(error, error)
        self.assertEqual(seen, [self.leader])

    def test_paid_orders_keep_who_brought_them(self):
        order = self.env["sale.order"].create({"partner_id": self.cem.partner_id.id})
        order.groupbuy_referrer_id = self.leader
        order.state = "sale"
        order._groupbuy_attribute()
        self.assertEqual(order.groupbuy_referrer_id, self.leader)

    # === WHAT THE LEADER SEES === #

    def test_the_leader_sees_own_orders_and_no_names(self):
        for user, leader in ((self.cem, self.leader), (self.dot, self.other_leader)):
            order = self._buy(self.campaign, user, {self.leek: 3})
            order.groupbuy_referrer_id = leader
        unpaid = self._join(self.campaign, self.eva, {self.leek: 1})
        unpaid.groupbuy_referrer_id = self.leader
        self._sign_in(self.ann)
        page = self._page("/my/leader/share")
        (count,) = page.xpath("//*[@name='referred_count']")
        self.assertEqual(self._text(count), "1")
        page = self._page("/my/leader/share/orders")
        (row,) = page.xpath("//*[contains(@class, 'o_groupbuy_referred')]")
        self.assertIn("30.00", self._text(row))
        self.assertNotIn(self.cem.name, self._text(page))
