import io

from lxml import html
from openpyxl import load_workbook

from odoo.http import Request
from odoo.tests import HttpCase, tagged

from .payout_common import CARD, PayoutCommon

PAGES = (
    "/my/money",
    "/my/money/entries",
    "/my/money/entries?status=frozen",
    "/my/money/statements",
    "/my/money/payouts",
    "/my/money/accounts",
)


@tagged("post_install", "-at_install")
class TestMoneyPages(PayoutCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self._earn(self.leader, 100)
        self._earn(self.leader, 20, settle=False)

    def _sign_in(self, user):
        self.authenticate(user.login, user.login)

    def _post(self, url, **data):
        return self.url_open(url, data={"csrf_token": Request.csrf_token(self), **data})

    def _get(self, url):
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200, url)
        return html.fromstring(answer.text)

    def _add_account_by_form(self, **values):
        return self._post(
            "/my/money/accounts/add",
            **{
                "kind": "bank",
                "holder": "Sample Holder",
                "number": CARD,
                "bank_name": "Sample Bank",
                **values,
            },
        )

    def test_only_payees_have_the_pages(self):
        self._sign_in(self.stranger)
        for url in (*PAGES, "/my/money/withdraw", "/my/money/payouts/1"):
            self.assertEqual(self.url_open(url).status_code, 404, url)
        self.assertNotIn("/my/money", self.url_open("/my/home").text)
        self.assertEqual(self._add_account_by_form().status_code, 404)
        self.authenticate(None, None)
        for url in PAGES:
            self.assertIn("/web/login", self.url_open(url).url)

    def test_from_the_first_visit_to_the_payout(self):
        self._sign_in(self.leader)
        self.assertIn("/my/money", self.url_open("/my/home").text)
        page = self._get("/my/money")
        self.assertIn("100.00", page.xpath("//*[@name='available']")[0].text)
        self.assertTrue(page.xpath("//a[@href='/my/money/accounts']"))

        answer = self._add_account_by_form(number=CARD[:-1] + "9")
        self.assertIn("mistake in this card number", answer.text)
        self.assertNotIn(CARD[:-1], answer.text)
        self.assertIn("Sample Holder", answer.text)
        answer = self._add_account_by_form()
        self.assertIn(CARD[-4:], answer.text)
        self.assertNotIn(CARD, answer.text)

        page = self._get("/my/money/withdraw")
        form = page.xpath("//form[@action='/my/money/withdraw/confirm']")[0]
        self.assertEqual(form.fields["amount"], "100.00")
        account = form.fields["account_id"]
        answer = self._post(
            "/my/money/withdraw/confirm", amount="100.01", account_id=account
        )
        self.assertIn("At most", answer.text)
        answer = self._post(
            "/my/money/withdraw/confirm", amount="40", account_id=account
        )
        self.assertFalse(self.payouts.search([]))
        form = html.fromstring(answer.text).xpath(
            "//form[@action='/my/money/withdraw/request']"
        )[0]
        fields = {name: form.fields[name] for name in ("key", "amount", "account_id")}
        answer = self._post("/my/money/withdraw/request", **fields)
        payout = self.payouts.search([])
        self.assertTrue(answer.url.endswith(f"/my/money/payouts/{payout.id}"))
        self.assertEqual((payout.amount, payout.state), (40, "requested"))
        # The button pressed twice.
        self._post("/my/money/withdraw/request", **fields)
        self.assertEqual(self.payouts.search([]), payout)
        self.assertIn(payout.name, self.url_open("/my/money").text)
        answer = self._post(f"/my/money/payouts/{payout.id}/cancel")
        self.assertIn("Cancelled", answer.text)
        self.env.invalidate_all()
        self.assertEqual(payout.state, "cancelled")

    def test_bad_input_is_answered_in_words(self):
        account = self._add_account(self.leader)
        self._sign_in(self.leader)
        for amount in ("", "abc", "-1", "nan", "inf", "1e400", "0.001", "9" * 400):
            answer = self._post(
                "/my/money/withdraw/request", amount=amount, account_id=account.id
            )
            self.assertEqual(answer.status_code, 200)
            self.assertIn("alert-danger", answer.text, amount)
        for account_id in ("", "0", "-5", "abc", "1.5", str(2**31), str(2**70)):
            answer = self._post(
                "/my/money/withdraw/confirm", amount="10", account_id=account_id
            )
            self.assertEqual(answer.status_code, 200)
            self.assertIn("alert-danger", answer.text, account_id)
        self.assertFalse(self.payouts.search([]))

    def test_others_payouts_and_accounts_are_not_found(self):
        account = self._add_account(self.leader)
        payout = self._request(self.leader, 10, account)
        self._earn(self.stranger, 10)
        own = self._add_account(self.stranger)
        self._sign_in(self.stranger)
        for number in (payout.id, 0, 2**31, 2**70):
            url = f"/my/money/payouts/{number}"
            self.assertEqual(self.url_open(url).status_code, 404, url)
            self.assertEqual(self._post(f"{url}/cancel").status_code, 404)
        for step in ("default", "remove"):
            url = f"/my/money/accounts/{account.id}/{step}"
            self.assertEqual(self._post(url).status_code, 404)
        answer = self._post(
            "/my/money/withdraw/request", amount="5", account_id=account.id
        )
        self.assertIn("alert-danger", answer.text)
        self.assertNotIn(payout.name, self.url_open("/my/money/payouts").text)
        self.assertEqual(self.payouts.search([]), payout)
        self._post(f"/my/money/accounts/{own.id}/remove")
        self.env.invalidate_all()
        self.assertEqual((account.active, own.active), (True, False))

    def test_lists_have_pages_and_filters(self):
        for amount in range(1, 90):
            self._earn(self.leader, amount / 100, settle=False)
        self._sign_in(self.leader)
        page = self._get("/my/money/entries")
        self.assertEqual(len(page.find_class("list-group-item")), 80)
        page = self._get("/my/money/entries/page/2")
        self.assertEqual(len(page.find_class("list-group-item")), 11)
        page = self._get("/my/money/entries?status=settled")
        self.assertEqual(len(page.find_class("list-group-item")), 1)
        page = self._get("/my/money/entries?status=nonsense")
        self.assertEqual(len(page.find_class("list-group-item")), 80)
        self._get(f"/my/money/entries/page/{2**70}")

    def test_statements_can_be_downloaded(self):
        self._sign_in(self.leader)
        page = self._get("/my/money/statements")
        (link,) = [url for url in page.xpath("//a/@href") if url.endswith(".xlsx")]
        answer = self.url_open(link)
        self.assertEqual(answer.status_code, 200)
        load_workbook(io.BytesIO(answer.content))

    def test_bank_file_is_for_operators(self):
        payout = self._request(self.leader, 10, self._add_account(self.leader))
        action = self._send(payout)
        url = f"/groupbuy/payouts/{action['res_id']}.xlsx"
        self._sign_in(self.leader)
        self.assertEqual(self.url_open(url).status_code, 404)
        self._sign_in(self.operator)
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
        self.assertEqual(sheet["C2"].value, CARD)
        self.assertEqual(self.url_open("/groupbuy/payouts/0.xlsx").status_code, 404)
        url = f"/groupbuy/payouts/{2**70}.xlsx"
        self.assertEqual(self.url_open(url).status_code, 404)
