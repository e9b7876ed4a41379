import base64

from werkzeug.exceptions import NotFound

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.http import request, route

from odoo.addons.community_groupbuy.controllers.outcome import attempt
from odoo.addons.community_groupbuy.record_id import MAX_ID
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.groupbuy_merchant_document import MAX_MB
from ..models.groupbuy_merchant_product import GOODS_ROLES
from .merchant_portal import MerchantPortal

# A little more than is allowed, so that too much can be told from just enough.
MAX_READ = MAX_MB * 2**20 + 16
TEXTS = ("name", "specification", "origin", "description")


class MerchantProduct(MerchantPortal):
    """A merchant's products: list, form, pictures, reviews."""

    def _get_filters(self):
        """:return: {name: (label, domain)}"""
        reviewed = Domain("groupbuy_reviewed", "=", True)
        pending = Domain("groupbuy_review_ids.state", "=", "pending")
        return {
            "live": (
                request.env._("On sale"),
                reviewed & Domain("is_published", "=", True),
            ),
            "unpublished": (
                request.env._("Off sale"),
                reviewed & Domain("is_published", "=", False),
            ),
            "pending": (request.env._("In review"), pending),
            "draft": (request.env._("Drafts"), ~reviewed & ~pending),
        }

    @route(
        ["/my/merchant/products", "/my/merchant/products/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_merchant_products(self, page=1, status=None, search="", **_kwargs):
        """List the merchant's products."""
        merchant_sudo = self._get_shop(*GOODS_ROLES)
        filters = self._get_filters()
        search = (search or "")[:100].strip()
        status = status if status in filters else None
        own = Domain("groupbuy_merchant_id", "=", merchant_sudo.id)
        domain = own & (filters[status][1] if status else Domain.TRUE)
        for word in search.split()[:5]:
            domain &= Domain("name", "ilike", word)
        # The merchant's own only; portal users cannot read what is withheld.
        templates_sudo = request.env["product.template"].sudo()
        pager = portal_pager(
            url="/my/merchant/products",
            url_args={
                name: value
                for name, value in (("status", status), ("search", search))
                if value
            },
            total=templates_sudo.search_count(domain),
            page=min(page, MAX_ID),
            step=self._items_per_page,
        )
        values = self._prepare_shop_values(merchant_sudo, "products")
        values.update(
            products=templates_sudo.search(
                domain,
                order="write_date desc, id desc",
                limit=self._items_per_page,
                offset=pager["offset"],
            ),
            filters={name: label for name, (label, _domain) in filters.items()},
            status=status,
            search=search,
            pager=pager,
        )
        return request.render("groupbuy_merchant.portal_products", values)

    # === FORM === #

    def _find_own_product(self, merchant_sudo, product_id):
        try:
            return merchant_sudo._find_product(merchant_sudo, product_id)
        except AccessError as error:
            raise NotFound() from error

    @route(
        ["/my/merchant/products/new", "/my/merchant/products/<int:product_id>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_merchant_product(self, product_id=None, **_kwargs):
        """Show a product's form, with what waits for review already filled in."""
        return self._render_product(product_id)

    def _render_product(self, product_id, form=None, error=None):
        merchant_sudo = self._get_shop(*GOODS_ROLES)
        template_sudo = self._find_own_product(merchant_sudo, product_id)
        values = self._prepare_shop_values(
            merchant_sudo,
            "products",
            template_sudo.name or request.env._("New product"),
        )
        content, review_sudo, stock = {}, None, 0
        if template_sudo:
            content = template_sudo._groupbuy_get_content()
            content["cost"] = template_sudo.standard_price
            stock = template_sudo.qty_available
            review_sudo = template_sudo._groupbuy_get_pending_review()
            if review_sudo.kind == "change":
                content.update(review_sudo.line_ids._get_content())
        # Categories without published products are hidden from residents.
        categories_sudo = request.env["product.public.category"].sudo()
        values.update(
            product=template_sudo,
            status=template_sudo and template_sudo._groupbuy_get_merchant_status(),
            review=review_sudo,
            reviews=template_sudo.groupbuy_review_ids[:10],
            categories=categories_sudo.search([]),
            form={**self._format_content(content), **(form or {})},
            stock=f"{stock:g}",
        )
        values["error"] = error or values["error"]
        return request.render("groupbuy_merchant.portal_product", values)

    def _format_content(self, content):
        """:return: the values of a product as its form shows them"""
        prices = {
            name: f"{content[name]:.2f}"
            for name in ("price", "cost")
            if content.get(name)
        }
        return {**content, **prices}

    @route(
        ["/my/merchant/products/save", "/my/merchant/products/<int:product_id>/save"],
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_merchant_product_save(self, product_id=None, **post):
        """Save a product, and submit it if that was the button."""
        self._get_shop(*GOODS_ROLES)
        try:
            with request.env.cr.savepoint():
                answer = request.env["groupbuy.merchant"].save_product(
                    self._read_form(post), product_id, "submit" in post
                )
        except AccessError as error:
            raise NotFound() from error
        except UserError as error:
            post.pop("image", None)
            return self._render_product(product_id, post, str(error))
        return request.redirect(f"/my/merchant/products/{answer['product_id']}")

    def _read_form(self, post):
        """:return: what the form says, as `save_product` wants it"""
        values = {name: post[name] for name in TEXTS if name in post}
        for name in ("price", "cost"):
            if post.get(name):
                values[name] = _to_number(post[name])
        if post.get("category_id"):
            values["category_id"] = _to_number(post["category_id"])
        if post.get("stock_change"):
            values["stock_change"] = _to_number(post["stock_change"])
        file = request.httprequest.files.get("image")
        if file and file.filename:
            values["image"] = base64.b64encode(file.read(MAX_READ))
        return values

    @route(
        "/my/merchant/products/<int:product_id>/<any(publish,unpublish,withdraw):step>",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_merchant_product_step(self, product_id, step, **_kwargs):
        """Put an approved product on sale or take it off; take a review back."""
        self._find_own_product(self._get_shop(*GOODS_ROLES), product_id)
        model = request.env["groupbuy.merchant"]
        if step == "withdraw":
            attempt(model.withdraw_review, product_id)
        else:
            attempt(model.publish_product, product_id, step == "publish")
        return request.redirect(f"/my/merchant/products/{product_id}")

    # === PICTURES === #

    @route("/my/merchant/products/<int:product_id>/image", type="http", auth="user")
    def portal_merchant_product_image(self, product_id, proposed=None, **_kwargs):
        """Show a picture of an own product, also while nobody else may see it."""
        template_sudo = self._find_own_product(self._get_shop(*GOODS_ROLES), product_id)
        record_sudo, field = template_sudo, "image_512"
        if proposed:
            record_sudo = template_sudo._groupbuy_get_pending_review()
            field = "image_after"
        # Without a picture Odoo's placeholder is sent.
        stream = request.env["ir.binary"]._get_image_stream_from(
            record_sudo, field_name=field, width=512, height=512
        )
        return stream.get_response(immutable=False, max_age=0)


def _to_number(text):
    """:return: the number in a form field, whole if it is; else the text as it is"""
    try:
        number = float(text)
        return int(number) if number.is_integer() else number
    except (TypeError, ValueError, OverflowError):
        return text
