import base64
import os
from io import BytesIO
from unittest.mock import patch

from cryptography.fernet import Fernet
from lxml import html
from PIL import Image

from odoo.http import Request
from odoo.tests import HttpCase
from odoo.tools import mute_logger

from odoo.addons.community_groupbuy.controllers import main, page_cache
from odoo.addons.community_groupbuy.tests.test_claim import ClaimCommon

# Invented: they follow the rules, and belong to nobody.
CODES = ("91370100MA3C00001H", "91370102MA3C00002H", "92370104MA3C00003E")
IDENTITY = "37010219900101001X"
CARD = "6222020000000000018"


def picture(color="green", kind="PNG"):
    """:return: base64 of a picture"""
    content = BytesIO()
    Image.new("RGB", (60, 40), color).save(content, kind)
    return base64.b64encode(content.getvalue()).decode()


def pdf(text="licence"):
    """:return: base64 of a PDF"""
    return base64.b64encode(f"%PDF-1.4\n% {text}\n%%EOF".encode()).decode()


class MerchantCommon(ClaimCommon):
    """Two merchants with a product each, and an operator who reviews."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(
            patch.dict(
                os.environ, {"GROUPBUY_SECRET_KEYS": Fernet.generate_key().decode()}
            )
        )
        cls.company.write(
            {
                "groupbuy_merchant_fee": 5,
                "groupbuy_merchant_price_change": 10,
                "groupbuy_payout_bank": True,
                "groupbuy_settlement_minimum": 0,
            }
        )
        cls.merchants = cls.env["groupbuy.merchant"]
        cls.category = cls.env["product.public.category"].create({"name": "Fruit"})
        cls.mia, cls.noa, cls.staff, cls.book = (
            cls._create_resident(f"gb_{name}")
            for name in ("mia", "noa", "staff", "book")
        )
        cls.farm = cls._create_merchant(cls.mia, "Green Farm", CODES[0])
        cls.mill = cls._create_merchant(cls.noa, "Old Mill", CODES[1])
        cls.env["groupbuy.merchant.member"].create(
            [
                {"merchant_id": cls.farm.id, "user_id": cls.staff.id, "role": "staff"},
                {"merchant_id": cls.farm.id, "user_id": cls.book.id, "role": "finance"},
            ]
        )
        cls.apple = cls._sell(cls.mia, "Apples", 10, stock=1000)
        cls.flour = cls._sell(cls.noa, "Flour", 20, stock=1000)

    # === FACTORIES === #

    @classmethod
    def _application(cls, name="Green Farm", code=CODES[0], **values):
        return {
            "kind": "company",
            "name": name,
            "registered_name": f"{name} Trading Ltd",
            "credit_code": code,
            "representative": "Sample Person",
            "identity_number": IDENTITY,
            "phone": "+86 531 0000 0001",
            "email": "shop@example.com",
            "street": "3 Orchard Road",
            "city": "Jinan",
            "note": "",
            "terms_version": cls.company.groupbuy_merchant_terms_version,
            "documents": [{"kind": "licence", "name": "licence.pdf", "content": pdf()}],
            "account": {
                "holder": f"{name} Trading Ltd",
                "number": CARD,
                "bank_name": "Sample Bank",
            },
            **values,
        }

    @classmethod
    def _apply(cls, user, *args, **values):
        answer = cls.merchants.with_user(user).apply(cls._application(*args, **values))
        return cls.merchants.browse(answer["merchant_id"])

    @classmethod
    def _create_merchant(cls, user, *args):
        merchant = cls._apply(user, *args)
        merchant.with_user(cls.operator).action_approve()
        return merchant

    @classmethod
    def _product_values(cls, name="Apples", price=10, **values):
        return {
            "name": name,
            "specification": "5 kg",
            "origin": "Jinan",
            "description": f"{name}, from our own orchard.\n\nPicked today.",
            "category_id": cls.category.id,
            "price": price,
            "image": picture(),
            **values,
        }

    @classmethod
    def _save(cls, user, values, product=None, **kwargs):
        answer = cls.merchants.with_user(user).save_product(
            values, product and product.product_tmpl_id.id, **kwargs
        )
        cls.env.flush_all()
        template = cls.env["product.template"].browse(answer["product_id"])
        return template.product_variant_id

    @classmethod
    def _sell(cls, user, name, price, stock=0):
        """:return: the variant of a merchant's product that is on sale"""
        values = cls._product_values(name, price, stock_change=stock, cost=6)
        product = cls._save(user, values, submit=True)
        cls._get_review(product).with_user(cls.operator).action_approve()
        product.product_tmpl_id.taxes_id = cls.tax_13
        return product

    @classmethod
    def _get_review(cls, product):
        return product.product_tmpl_id._groupbuy_get_pending_review()

    def _suspend(self, merchant, reason="Complaints"):
        merchant.with_user(self.operator).reason = reason
        merchant.with_user(self.operator).action_suspend()


class MerchantHttpCommon(MerchantCommon, HttpCase):
    """The same over HTTP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.website = cls.env["website"].get_current_website()
        cls.website.company_id = cls.company
        page_cache._pages.clear()

    def setUp(self):
        super().setUp()
        page_cache._pages.clear()
        # Nothing is kept from one look to the next.
        self.patch(page_cache, "SECONDS", 0)
        self.patch(main, "PROGRESS_SECONDS", 0)

    def _sign_in(self, user):
        self.authenticate(user and user.login, user and user.login)

    def _get(self, url, status=200):
        with mute_logger("odoo.http"):
            answer = self.url_open(url, allow_redirects=status != 303)
        self.assertEqual(answer.status_code, status, url)
        return answer

    def _page(self, url):
        return html.fromstring(self._get(url).text)

    def _post(self, url, data=None, files=None):
        with mute_logger("odoo.http"):
            return self.url_open(
                url,
                data={"csrf_token": Request.csrf_token(self), **(data or {})},
                files=files,
                allow_redirects=False,
            )

    def _rpc(self, url, **params):
        """:return: (result, name of the error, its message)"""
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        with mute_logger("odoo.http", "odoo.sql_db"):
            answer = self.url_open(url, json=body).json()
        self.env.invalidate_all()
        error = answer.get("error", {}).get("data", {})
        name = error.get("name", "").rpartition(".")[2]
        return answer.get("result"), name, error.get("message", "")

    def _call(self, model, method, *args, **kwargs):
        """:return: (result, name of the error)"""
        return self._rpc(
            f"/web/dataset/call_kw/{model}/{method}",
            model=model,
            method=method,
            args=list(args),
            kwargs=kwargs,
        )[:2]
