import base64
import math

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.community_groupbuy.record_id import find_record

from .groupbuy_merchant_document import MAX_MB, decode, read_image
from .product_template_review import REVIEWED

MAX_TEXT = 100
MAX_DESCRIPTION = 5000
MAX_PRICE = 1_000_000
MAX_PIECES = 1_000_000
MAX_PRODUCTS = 5000
GOODS_ROLES = ("owner", "staff")
IMAGE_SIZE = (1920, 1920)


class GroupbuyMerchant(models.Model):
    """What merchants do with their own products; all of it is open to RPC."""

    _inherit = "groupbuy.merchant"

    @api.model
    def save_product(self, values, product_id=None, submit=False):
        """Write a product of the user's own shop, or a new one.

        What was never approved is written at once, and reviewed when it is submitted.
        Of what is on sale, cost, stock, and prices within the limit of the settings
        change at once; everything else is sent to the operators, and the product stays
        as approved until they have decided.

        :param dict values: any of "name", "specification", "origin" (up to 100
            characters), "description" (up to 5,000), "category_id" (of the shop),
            "price" and "cost" (in the company's currency, the price in the terms of
            Odoo's sales price), "stock_change" (whole pieces that came in, or went out
            if negative), "image" (base64 of JPEG, PNG or GIF, up to 5 MB)
        :param int product_id: a `product.template` of the shop; nothing for a new one
        :param bool submit: ask for the review of a product that was never approved
        :return: {"product_id": int, "status": "draft", "pending", "declined", "live" or
            "unpublished", "review_id": int or False}
        :raise AccessError: the user works for no merchant, only on its money, or the
            product is not the shop's
        :raise UserError: bad input, or the merchant does not sell
        """
        merchant_sudo = self._check_shop()
        template_sudo = self._find_product(merchant_sudo, product_id)
        content = self._read_product(values, template_sudo)
        cost = content.pop("cost", None)
        change = content.pop("stock_change", None)
        if not template_sudo:
            template_sudo = merchant_sudo._create_product(content)
        elif template_sudo.groupbuy_reviewed:
            merchant_sudo._propose(template_sudo, content)
        else:
            self.env["groupbuy.product.review"].sudo()._withdraw(template_sudo)
            template_sudo._groupbuy_write_content(content)
        if cost is not None:
            template_sudo.standard_price = cost
        if change:
            template_sudo._groupbuy_change_stock(change)
        if submit and not template_sudo.groupbuy_reviewed:
            merchant_sudo._submit_product(template_sudo)
        return self._prepare_product_answer(template_sudo)

    @api.model
    def withdraw_review(self, product_id):
        """Take back what waits for the operators about a product of one's own.

        :return: as `save_product`
        :raise AccessError: the product is not the shop's
        """
        merchant_sudo = self._check_shop()
        template_sudo = self._find_product(merchant_sudo, product_id or 0)
        self.env["groupbuy.product.review"].sudo()._withdraw(template_sudo)
        return self._prepare_product_answer(template_sudo)

    @api.model
    def publish_product(self, product_id, published):
        """Put a product that was approved on sale, or take it off: at once.

        :param bool published: whether it is for sale
        :return: as `save_product`
        :raise AccessError: the product is not the shop's
        :raise UserError: it has not been approved
        """
        merchant_sudo = self._check_shop()
        template_sudo = self._find_product(merchant_sudo, product_id or 0)
        if not template_sudo.groupbuy_reviewed:
            raise UserError(self.env._("It has to be reviewed first."))
        if not isinstance(published, bool):
            raise UserError(self.env._("Say whether it is for sale."))
        template_sudo.is_published = published
        return self._prepare_product_answer(template_sudo)

    # === RIGHTS === #

    @api.model
    def _check_shop(self, roles=GOODS_ROLES):
        """:return: the user's merchant, sudoed, who may sell
        :raise AccessError: the user may not do this for any merchant
        :raise UserError: the merchant does not sell now
        """
        merchant_sudo = self.env.user._groupbuy_get_merchant(*roles)
        if not merchant_sudo:
            raise AccessError(self.env._("Only merchants may do this."))
        if merchant_sudo.state != "approved" or not merchant_sudo.active:
            raise UserError(self.env._("You cannot sell at the moment."))
        return merchant_sudo

    @api.model
    def _find_product(self, merchant_sudo, product_id):
        """:return: a product of this merchant, sudoed; empty where none is named
        :raise AccessError: it is no product of this merchant
        """
        templates_sudo = self.env["product.template"].sudo()
        if product_id is None or product_id is False:
            return templates_sudo
        template_sudo = find_record(templates_sudo, product_id)
        if not template_sudo or template_sudo.groupbuy_merchant_id != merchant_sudo:
            raise AccessError(self.env._("This is not a product of yours."))
        return template_sudo

    # === WRITING === #

    def _create_product(self, content):
        """:return: a new product of this merchant, on no shelf yet"""
        products = self.env["product.template"]
        if products.search_count([("groupbuy_merchant_id", "=", self.id)]) >= (
            MAX_PRODUCTS
        ):
            raise UserError(self.env._("A shop has at most %s products.", MAX_PRODUCTS))
        template = products.create(self._prepare_product(content["name"]))
        template._groupbuy_write_content(content)
        return template

    def _prepare_product(self, name):
        """:return: the values of a new product of this merchant"""
        return {
            "name": name,
            "groupbuy_merchant_id": self.id,
            "company_id": self.company_id.id,
            "type": "consu",
            "is_storable": True,
            "purchase_ok": False,
            "list_price": 0,
            "is_published": False,
            "allow_out_of_stock_order": False,
        }

    def _submit_product(self, template):
        """Ask for the review of a product that was never approved."""
        content = template._groupbuy_get_content()
        missing = [
            dict(
                self.env["groupbuy.product.review.line"]
                ._fields["name"]
                ._description_selection(self.env)
            )[name]
            for name in ("description", "category_id", "price", "image")
            if not content[name]
        ]
        if missing:
            raise UserError(
                self.env._("Before the review, fill in: %s", ", ".join(missing))
            )
        changes = {name: (False, value) for name, value in content.items() if value}
        review = self.env["groupbuy.product.review"]._submit(template, changes)
        review._message_log(body=self.env._("Sent in for review."))

    def _propose(self, template, content):
        """Change what may be changed at once, and ask for a review of the rest."""
        present = template._groupbuy_get_content()
        changes = {
            name: (present[name], value)
            for name, value in content.items()
            if not template._groupbuy_is_same(name, present[name], value)
        }
        if "price" in changes and self._is_small_change(template, content["price"]):
            template.list_price = changes.pop("price")[1]
        reviews = self.env["groupbuy.product.review"]
        if changes:
            reviews._submit(template, changes)
        else:
            reviews._withdraw(template)

    def _is_small_change(self, template, price):
        """Whether a price is within the limit from the one that was reviewed last, so
        that many small steps do not add up to a big one."""
        limit = self.company_id.groupbuy_merchant_price_change / 100
        reviewed = template.groupbuy_reviewed_price
        return abs(price - reviewed) <= reviewed * limit + 1e-6

    # === READING === #

    @api.model
    def _read_product(self, values, template_sudo):
        """:return: {name: value} of what was given
        :raise UserError: something of it is wrong, or a new product has no name
        """
        known = {*REVIEWED, "cost", "stock_change"}
        if not isinstance(values, dict) or set(values) - known:
            raise UserError(self.env._("Fill in the form."))
        read = {}
        for name, value in values.items():
            if name in ("price", "cost"):
                read[name] = self._read_money(name, value)
            elif name == "stock_change":
                read[name] = self._read_pieces(value)
            elif name == "category_id":
                read[name] = self._read_category(value)
            elif name == "image":
                read[name] = self._read_picture(value)
            else:
                read[name] = self._read_text(name, value)
        if not (read.get("name") or template_sudo.name) or read.get("name") == "":
            raise UserError(self.env._("Write the product's name."))
        return read

    @api.model
    def _read_text(self, name, value):
        limit = MAX_DESCRIPTION if name == "description" else MAX_TEXT
        if not isinstance(value, str) or len(value) > limit or "\0" in value:
            raise UserError(self.env._("Write at most %s characters.", limit))
        if name == "description":
            return value.replace("\r\n", "\n").strip()
        return " ".join(value.split())

    @api.model
    def _read_money(self, name, value):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        least = 0.01 if name == "price" else 0
        if not number or not math.isfinite(value) or not least <= value <= MAX_PRICE:
            raise UserError(
                self.env._("Prices and costs go from 0.01 to %s.", f"{MAX_PRICE:,}")
            )
        return self.env.company.sudo().currency_id.round(value)

    @api.model
    def _read_pieces(self, value):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or abs(value) > MAX_PIECES:
            raise UserError(
                self.env._("Write how many whole pieces came in or went out.")
            )
        return value

    @api.model
    def _read_category(self, value):
        # Categories without published products are hidden from residents.
        categories_sudo = self.env["product.public.category"].sudo()
        category_sudo = find_record(categories_sudo, value)
        if not category_sudo:
            raise UserError(self.env._("Choose a category."))
        return category_sudo.id

    @api.model
    def _read_picture(self, value):
        try:
            content = read_image(decode(value), IMAGE_SIZE)
        except ValueError as error:
            raise UserError(
                self.env._(
                    "A picture is a JPEG, PNG or GIF file of at most %s MB.", MAX_MB
                )
            ) from error
        return base64.b64encode(content)

    @api.model
    def _prepare_product_answer(self, template_sudo):
        return {
            "product_id": template_sudo.id,
            "status": template_sudo._groupbuy_get_merchant_status(),
            "review_id": template_sudo._groupbuy_get_pending_review().id,
        }
