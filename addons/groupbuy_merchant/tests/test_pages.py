import base64
import io

from odoo.tests import tagged

from .common import CODES, MerchantHttpCommon, pdf, picture


@tagged("post_install", "-at_install")
class TestPages(MerchantHttpCommon):
    """The pages, as people use them: forms are read, filled in and sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.olga = cls._create_resident("gb_olga")

    def _send(self, page, name, values=None, files=None):
        """Fill in a form of a page, and send it."""
        form = page.xpath(f"//form[@name='{name}']")[0]
        data = {key: value for key, value in form.form_values() if value}
        data.update(values or {})
        return self._post(form.action, data, files)

    def _application_form(self, page, **values):
        values = {
            **self._application("Corner Bakery", CODES[2]),
            "agree": "1",
            "holder": "Corner Bakery Ltd",
            "number": "6222020000000000018",
            "bank_name": "Sample Bank",
            **values,
        }
        for name in ("documents", "account"):
            values.pop(name)
        licence = io.BytesIO(base64.b64decode(pdf()))
        return self._send(
            page, "application", values, {"file_licence": ("licence.pdf", licence)}
        )

    def test_apply_ask_answer_approve(self):
        self._sign_in(None)
        self.assertIn("/web/login", self._get("/groupbuy/sell").text)
        self._sign_in(self.olga)
        page = self._page("/groupbuy/sell")
        answer = self._application_form(page, credit_code="123")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("social credit code", answer.text)
        self.assertIn('value="Corner Bakery"', answer.text)
        self.assertNotIn("37010219900101001X", answer.text)
        self.assertNotIn("6222020000000000018", answer.text)
        self.env.invalidate_all()
        self.assertFalse(self.olga._groupbuy_get_merchant())

        self.assertEqual(self._application_form(page).status_code, 303)
        merchant = self.olga._groupbuy_get_merchant()
        self.assertEqual(merchant.state, "applied")
        page = self._page("/groupbuy/sell")
        self.assertIn(
            "has come in", page.xpath("//*[@name='status']")[0].text_content()
        )
        self.assertFalse(page.xpath("//form[@name='application']"))
        self._get("/my/merchant", 303)

        merchant.with_user(self.operator).reason = "Which street?"
        merchant.with_user(self.operator).action_ask_more()
        page = self._page("/groupbuy/sell")
        self.assertIn("Which street?", page.text_content())
        answer = self._send(
            page, "application", {"street": "7 Baker Street", "agree": "1"}
        )
        self.assertEqual(answer.status_code, 303)
        self.env.invalidate_all()
        self.assertEqual((merchant.state, merchant.street),
                         ("applied", "7 Baker Street"))  # fmt: skip

        merchant.with_user(self.operator).action_approve()
        self._get("/groupbuy/sell", 303)
        self.assertIn("Corner Bakery", self._get("/my/merchant").text)
        self.assertIn("/my/merchant", self._get("/my/home").text)

    def test_terms_are_public(self):
        self._sign_in(None)
        self.company.groupbuy_merchant_terms = "<p>Sell good bread.</p>"
        self.assertIn("Sell good bread.", self._get("/groupbuy/sell/terms").text)

    def test_a_product_from_the_form_to_the_shop(self):
        self._sign_in(self.mia)
        page = self._page("/my/merchant/products/new")
        values = {
            "name": "Pears",
            "description": "Sweet.",
            "category_id": str(self.category.id),
            "price": "12.50",
            "stock_change": "40",
        }
        answer = self._send(page, "product", {**values, "price": "-1"})
        self.assertEqual(answer.status_code, 200)
        self.assertIn("Prices and costs go from", answer.text)
        self.assertIn("Sweet.", answer.text)
        image = io.BytesIO(base64.b64decode(picture()))
        answer = self._send(
            page,
            "product",
            {**values, "submit": "1"},
            {"image": ("pears.png", image)},
        )
        self.assertEqual(answer.status_code, 303, answer.text[:2000])
        self.env.invalidate_all()
        pear = self.env["product.template"].search([("name", "=", "Pears")])
        self.assertEqual((pear.list_price, pear.qty_available), (12.5, 40))
        page = self._page(f"/my/merchant/products/{pear.id}")
        self.assertIn("In review", page.text_content())
        pear._groupbuy_get_pending_review().with_user(self.operator).action_approve()
        self._sign_in(None)
        text = self._get(pear.website_url).text
        self.assertIn("Pears", text)
        self.assertIn("Sold by", text)
        self.assertIn("Green Farm", text)

    def test_a_change_its_review_and_its_withdrawal(self):
        self._sign_in(self.staff)
        url = f"/my/merchant/products/{self.apple.product_tmpl_id.id}"
        page = self._page(url)
        self._send(page, "product", {"name": "Golden apples", "price": "10.50"})
        self.env.invalidate_all()
        self.assertEqual((self.apple.name, self.apple.list_price), ("Apples", 10.5))
        review = self._get_review(self.apple)
        self.assertEqual(review.line_ids.mapped("name"), ["name"])
        page = self._page(url)
        self.assertEqual(page.xpath("//input[@id='name']/@value"), ["Golden apples"])
        self.assertIn("Change in review", page.text_content())
        # Saved once more as it is shown: it is the same proposal.
        self._send(page, "product")
        self.env.invalidate_all()
        self.assertEqual(self._get_review(self.apple).line_ids.after, "Golden apples")
        self._send(self._page(url), "withdraw")
        self.env.invalidate_all()
        self.assertFalse(self._get_review(self.apple))

    def test_off_sale_and_on_again(self):
        self._sign_in(self.mia)
        url = f"/my/merchant/products/{self.apple.product_tmpl_id.id}"
        self._send(self._page(url), "unpublish")
        self.env.invalidate_all()
        self.assertTrue(self.apple.groupbuy_withheld)
        self._send(self._page(url), "publish")
        self.env.invalidate_all()
        self.assertFalse(self.apple.groupbuy_withheld)

    def test_the_list_is_searched_and_filtered(self):
        self._save(self.mia, self._product_values("Pears"))
        self._sign_in(self.mia)

        def names(query):
            page = self._page(f"/my/merchant/products?{query}")
            items = page.xpath("//a[@name='product']")
            return sorted(
                item.xpath(".//span[contains(@class, 'fw-semibold')]")[0].text.strip()
                for item in items
            )

        self.assertEqual(names(""), ["Apples", "Pears"])
        self.assertEqual(names("status=live"), ["Apples"])
        self.assertEqual(names("status=draft"), ["Pears"])
        self.assertEqual(names("status=pending"), [])
        self.assertEqual(names("status=nonsense"), ["Apples", "Pears"])
        self.assertEqual(names("search=ear"), ["Pears"])
        self.assertEqual(names("search=flour"), [])

    def test_what_was_sold_and_what_to_bring(self):
        campaign = self._create_campaign(
            self._offer(self.apple, 10), self._offer(self.leek, 10)
        )
        for user, pieces in ((self.ann, 2), (self.ben, 3)):
            self._buy(campaign, user, {self.apple: pieces, self.leek: 1})
        self._sign_in(self.mia)
        page = self._page("/my/merchant/orders?status=waiting")
        self.assertEqual(len(page.xpath("//li[@name='sale']")), 2)
        self.assertFalse(self._page("/my/merchant").xpath("//li[@name='to_prepare']"))
        self._close(campaign)
        [group] = self._page("/my/merchant").xpath("//li[@name='to_prepare']")
        text = " ".join(group.text_content().split())
        self.assertIn("Apples 5 pcs", text)
        self.assertIn("Orders: 2", text)
        page = self._page("/my/merchant/orders?status=to_ship")
        self.assertEqual(len(page.xpath("//li[@name='sale']")), 2)

    def test_a_suspended_merchant_sees_why_and_saves_nothing(self):
        self._suspend(self.farm, "Rotten apples")
        self._sign_in(self.mia)
        for url in ("/my/merchant", "/my/merchant/products", "/my/merchant/money"):
            self.assertIn("Rotten apples", self._get(url).text)
        url = f"/my/merchant/products/{self.apple.product_tmpl_id.id}/save"
        answer = self._post(url, {"name": "Fresh apples"})
        self.assertIn("You cannot sell at the moment.", answer.text)

    def test_documents_are_downloaded_never_shown(self):
        self._sign_in(self.mia)
        document = self.farm.document_ids
        answer = self._get(f"/my/merchant/document/{document.id}")
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertTrue(answer.content.startswith(b"%PDF"))

    def test_the_proposed_picture_is_the_merchants_to_see(self):
        self._save(self.mia, {"image": picture("red")}, self.apple)
        self._sign_in(self.mia)
        url = f"/my/merchant/products/{self.apple.product_tmpl_id.id}/image"
        live, proposed = self._get(url).content, self._get(f"{url}?proposed=1").content
        self.assertNotEqual(live, proposed)
