import base64
from urllib.parse import parse_qs, urlsplit

from odoo.http import Request
from odoo.tests import tagged
from odoo.tools import mute_logger

from .storefront_common import StorefrontCommon
from .test_claim import ClaimCommon, photo


class OrderCentreCommon(ClaimCommon, StorefrontCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.groupbuy_claim_days = 7

    def _upload(self, order, fields, photos=()):
        """Send the form of a refund request, as a browser does."""
        line = self._get_line(order, self.leek)
        return self.url_open(
            f"/my/groupbuy/{order.id}/claim/submit",
            data={
                "csrf_token": Request.csrf_token(self),
                **{f"{name}_{line.id}": value for name, value in fields.items()},
            },
            files=[
                (f"photos_{line.id}", (name, content, "image/jpeg"))
                for name, content in photos
            ]
            or [(f"photos_{line.id}", ("", b"", "application/octet-stream"))],
        )

    def _show(self, url):
        return self._text(self._page(url).cssselect(".o_groupbuy")[0]).replace(
            "\xa0", " "
        )


@tagged("post_install", "-at_install")
class TestOrderCentre(OrderCentreCommon):
    def setUp(self):
        super().setUp()
        self.order = self._buy(self.campaign, self.ann, {self.leek: 5})
        self.url = f"/my/groupbuy/{self.order.id}"
        self.authenticate("gb_resident_1", "gb_resident_1")

    def _photo(self):
        name, text = photo()
        return name, base64.b64decode(text)

    def test_order_from_the_group_to_the_money_back(self):
        with self.subTest("It can be collected elsewhere until it leaves."):
            page = self._page(self.url)
            (select,) = page.cssselect(".o_groupbuy_move select")
            self.assertIn(str(self.west.id), select.value_options)
            answer = self._post(f"{self.url}/point", {select.get("name"): self.west.id})
            self.assertIn(self.url, answer.headers["Location"])
            self.env.invalidate_all()
            self.assertEqual(self.order.pickup_point_id, self.west)
            self.assertIn("Collect at West Gate", self._show(self.url))
        self._close(self.campaign)
        with self.subTest("There is no code before there is something to collect."):
            self.assertFalse(self._page(self.url).cssselect(".o_groupbuy_code"))
        self._arrive(self.order)
        with self.subTest("Digits and QR code are there once it is ready."):
            page = self._page(self.url)
            (digits,) = page.cssselect(".o_groupbuy_digits")
            self.assertEqual(digits.text, self.order.groupbuy_pickup_code)
            (image,) = page.cssselect(".o_groupbuy_qr")
            picture = self._get(image.get("src"))
            self.assertEqual(picture.headers["Content-Type"], "image/png")
            self.assertFalse(page.cssselect(".o_groupbuy_move, .o_groupbuy_claim_open"))
        self.west.with_user(self.operator).hand_over(self.order.ids)
        self.env.invalidate_all()
        with self.subTest("What was collected has no code any more."):
            page = self._page(self.url)
            self.assertFalse(page.cssselect(".o_groupbuy_code"))
            steps = page.cssselect(".o_groupbuy_milestone")
            self.assertEqual(
                self._text(steps[-1]).split()[0], "Received", "the last step is reached"
            )
            self.assertIn("o_groupbuy_milestone_now", steps[-1].get("class"))
            (link,) = page.cssselect(".o_groupbuy_claim_open")
            form = self._page(link.get("href"))
            (quantity,) = form.cssselect(".o_groupbuy_claim_quantity")
            self.assertEqual((quantity.get("max"), quantity.value), ("5", "0"))
        with self.subTest("A request with a photo is followed on its page."):
            answer = self._upload(
                self.order,
                {
                    "quantity": "2",
                    "reason": self.damaged.id,
                    "wish": "refund",
                    "note": "Both are rotten <b>",
                },
                [self._photo()],
            )
            claim = self.order.groupbuy_claim_ids
            self.assertTrue(answer.url.endswith(f"/my/groupbuy/claim/{claim.id}"))
            self.assertEqual(claim.line_ids.quantity, 2)
            page = self._page(claim.access_url)
            self.assertIn("Both are rotten <b>", page.text_content())
            (img,) = page.cssselect(".o_groupbuy_photos img")
            picture = self._get(img.get("src"))
            self.assertEqual(picture.headers["Content-Type"], "image/jpeg")
        with self.subTest("The order and the list lead to it."):
            self.assertIn(claim.name, self._show(self.url))
            tabs = self._text(
                self._page("/my/groupbuy").cssselect(".o_groupbuy_tabs")[0]
            )
            self.assertEqual(tabs, "All 1 Received 1 After-sales 1")
            page = self._page("/my/groupbuy?status=claims")
            self.assertEqual(len(page.cssselect(".o_groupbuy_order")), 1)
        with self.subTest("Answer and money are shown."):
            self._decide(claim, decision="refund", answer="We are sorry.")
            claim._get_refunds()._groupbuy_send()
            self.env.invalidate_all()
            text = self._show(claim.access_url)
            for part in ("Settled", "We are sorry.", "Refunded ¥ 20.00"):
                self.assertIn(part, text)
            self.assertFalse(
                self._page(claim.access_url).cssselect(".o_groupbuy_withdraw")
            )
            self._post(f"{claim.access_url}/withdraw", {})
            self.assertIn("cannot be withdrawn", self._get(claim.access_url).text)

    def test_requests_that_are_wrong_or_not_ones_own_are_refused(self):
        self._close(self.campaign)
        self._hand_over(self.order)
        fields = {"quantity": "1", "reason": self.damaged.id}
        line = self._get_line(self.order, self.leek)
        for wrong, photos, words in (
            ({"quantity": "6"}, (), "5.0 can be complained about"),
            ({"quantity": "-1"}, (), "5.0 can be complained about"),
            ({"quantity": "nan"}, (), "5.0 can be complained about"),
            ({"quantity": "1e99"}, (), "5.0 can be complained about"),
            ({"quantity": "two"}, (), "5.0 can be complained about"),
            ({"quantity": "0"}, (), "Choose what"),
            ({"reason": ""}, (), "a reason for each"),
            ({"reason": "99999999999"}, (), "a reason for each"),
            ({"wish": "gold"}, (), "between money back and a return"),
            ({"note": "x" * 2001}, (), "at most 2000"),
            ({}, [("x.jpg", b"<svg/>")], "A photo must be"),
            ({}, [("x.jpg", b"\xff\xd8\xff" + b"x" * 5 * 2**20)], "A photo must be"),
            ({}, [self._photo()] * 6, "At most 5 photos|at most 5 photos"),
        ):
            with self.subTest(str(wrong)[:40], photos=len(photos)):
                answer = self._upload(self.order, {**fields, **wrong}, photos)
                self.assertEqual(answer.status_code, 200)
                self.assertRegex(answer.text, words)
        with self.subTest("What was typed stays."):
            answer = self._upload(self.order, {**fields, "note": "Soft", "wish": "?"})
            self.assertIn(">Soft</textarea>", answer.text)
        with mute_logger("odoo.http"), self.subTest("The form has a token."):
            answer = self.url_open(
                f"{self.url}/claim/submit", data={f"quantity_{line.id}": "1"}
            )
            self.assertEqual(answer.status_code, 400)
        self.assertFalse(self.order.groupbuy_claim_ids)
        claim = self._claim(self.order, self.leek, 1)
        self.authenticate("gb_resident_2", "gb_resident_2")
        for url in (self.url, f"{self.url}/claim", claim.access_url):
            self.assertTrue(self.url_open(url).url.endswith("/my"), url)
        self._upload(self.order, fields)
        for url in (f"{claim.access_url}/withdraw", f"{self.url}/again"):
            answer = self._post(url, {})
            self.assertTrue(answer.headers["Location"].endswith("/my"), url)
        for url in (
            f"/my/groupbuy/{2**31 - 1}/claim",
            f"/my/groupbuy/claim/{2**40}",
            f"/my/groupbuy/same/{2**40}",
        ):
            self.assertTrue(self.url_open(url).url.endswith("/my"), url)
        self.env.invalidate_all()
        self.assertEqual(self.order.groupbuy_claim_ids, claim)
        self.assertEqual(claim.state, "submitted")
        with self.subTest("One's own is withdrawn, once."):
            self.authenticate("gb_resident_1", "gb_resident_1")
            self.assertTrue(
                self._page(claim.access_url).cssselect(".o_groupbuy_withdraw")
            )
            self._post(f"{claim.access_url}/withdraw", {})
            self.env.invalidate_all()
            self.assertEqual(claim.state, "cancelled")
            self._post(f"{claim.access_url}/withdraw", {})
            self.assertIn("cannot be withdrawn", self._get(claim.access_url).text)

    def test_others_are_asked_once_and_buying_again_is_one_tap(self):
        other = self._buy(self.campaign, self.ben, {self.leek: 3})
        self._close(self.campaign)
        self._hand_over(self.order | other)
        claim = self._claim(self.order, self.leek, 2)
        self._decide(claim, decision="refund")
        claim.with_user(self.operator).action_ask_others()
        ask = claim.ask_ids
        url = f"/my/groupbuy/same/{ask.id}"
        with self.subTest("Only who was asked may answer."):
            self.assertTrue(self.url_open(url).url.endswith("/my"))
            self._post(f"{url}/yes", {})
            self.assertFalse(ask.answer_claim_id)
        with self.subTest("One tap is a request of one's own."):
            self.authenticate("gb_resident_2", "gb_resident_2")
            self.assertIn("Did you have this problem too?", self._get(url).text)
            location = self._post(f"{url}/yes", {}).headers["Location"]
            self.env.invalidate_all()
            answer = ask.answer_claim_id
            self.assertEqual(answer.order_id, other)
            self.assertTrue(location.endswith(f"/my/groupbuy/claim/{answer.id}"))
            self._post(f"{url}/yes", {})
            self.assertEqual(other.groupbuy_claim_ids, answer)
            self.assertTrue(self.url_open(url).url.endswith(location[-20:]))
        self.authenticate("gb_resident_1", "gb_resident_1")
        again = f"{self.url}/again"
        with self.subTest("The shop sells it: it is in the cart."):
            self.assertTrue(self._page(self.url).cssselect(".o_groupbuy_again"))
            location = self._post(again, {}).headers["Location"]
            self.assertTrue(location.endswith("/shop/cart"))
            cart = self.env["sale.order"].search(
                [
                    ("partner_id", "=", self.ann.partner_id.id),
                    ("state", "=", "draft"),
                    ("website_id", "!=", False),
                ]
            )
            self.assertEqual(cart.order_line.product_id, self.leek)
        with self.subTest("A group buys it: it is chosen on the group's page."):
            campaign = self._create_campaign(self._example())
            location = self._post(again, {}).headers["Location"]
            self.assertIn(campaign._get_website_url(), location)
            (basket,) = parse_qs(urlsplit(location).query)["basket"]
            # Two of five have been refunded.
            self.assertEqual(basket, f"{campaign.offer_ids.id}:3")
            page = self._page(location)
            (chosen,) = page.cssselect(f"input[name=quantity_{campaign.offer_ids.id}]")
            self.assertEqual(chosen.value, "3")
        with self.subTest("Nobody sells it: that is said."):
            campaign.action_cancel()
            self.leek.website_published = False
            self.assertFalse(self._page(self.url).cssselect(".o_groupbuy_again"))
            self._post(again, {})
            self.assertIn("not for sale now", self._get(self.url).text)


@tagged("post_install", "-at_install")
class TestOrderCentreTour(OrderCentreCommon):
    """A resident with a phone in their hand."""

    browser_size = "390x844"
    touch_enabled = True

    def test_resident_asks_for_a_refund(self):
        order = self._buy(self.campaign, self.ann, {self.leek: 5})
        self._close(self.campaign)
        self._hand_over(order)
        self.start_tour("/my/groupbuy", "groupbuy_refund", login="gb_resident_1")
        self.env.invalidate_all()
        line = order.groupbuy_claim_ids.line_ids
        self.assertEqual((line.quantity, line.reason_id), (2, self.damaged))
        self.assertEqual((line.wish, line.note), ("return", "Two are rotten."))
        self.assertEqual(len(line.photo_ids), 1)
        self.assertEqual(line.photo_ids.mimetype, "image/jpeg")
        self.assertEqual(line.claim_id.state, "submitted")
