from odoo import models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from odoo.addons.community_groupbuy.models.groupbuy_import import IMPORT_LOCK

from .groupbuy_merchant_import_columns import MERCHANT_PRODUCTS
from .groupbuy_merchant_product import MAX_DESCRIPTION, MAX_PRODUCTS, MAX_TEXT

REVIEWED_TEXTS = ("name", "specification", "origin")
CONTENT = (*REVIEWED_TEXTS, "description", "category_id", "price")


class GroupbuyMerchantImport(models.AbstractModel):
    """Import a merchant's products from an Excel workbook: all of them or none.

    It reads like the operators' import and follows the rules of the products' form: new
    products become drafts, changes of what is on sale are reviewed.
    """

    _name = "groupbuy.merchant.import"
    _description = "Merchant's Import"
    _inherit = "groupbuy.import"

    def _get_sheets(self):
        """Override: a merchant has products only."""
        return (MERCHANT_PRODUCTS,)

    def _get_template_name(self):
        return self.env._("Products.xlsx")

    # === PLAN === #

    def _plan(self, book):
        """Override to compare with the merchant's own products."""
        merchant_sudo = self.env["groupbuy.merchant"]._check_shop()
        self._check_duplicates(book)
        categories = self._get_categories()
        templates = self._get_own_products(merchant_sudo)
        for row in book.rows[MERCHANT_PRODUCTS.name]:
            self._check_row(book, row, categories)
            if row.broken:
                continue
            wanted = {
                name: value for name, value in row.values.items() if value is not None
            }
            own = templates.get(wanted["code"], merchant_sudo.env["product.template"])
            if len(own) > 1:
                book.add_error(
                    self.env._("Several of your products have this code."),
                    row=row,
                    name="code",
                )
                continue
            book.add_change(row, own, self._find_changes(own, wanted))
        new = book.counts[MERCHANT_PRODUCTS.name]["new"]
        total = sum(map(len, templates.values()))
        if total + new > MAX_PRODUCTS:
            book.add_error(self.env._("A shop has at most %s products.", MAX_PRODUCTS))

    def _get_own_products(self, merchant_sudo):
        """:return: {code: the merchant's products with it}, sudoed"""
        templates_sudo = merchant_sudo.env["product.template"].search(
            [("groupbuy_merchant_id", "=", merchant_sudo.id)]
        )
        return templates_sudo.grouped("default_code")

    def _get_categories(self):
        """:return: {path in any language: id} of the shop's categories"""
        # Categories without published products are hidden from residents.
        categories_sudo = self.env["product.public.category"].sudo().search([])
        return {
            category.display_name: category.id
            for lang in self._get_langs()
            for category in categories_sudo.with_context(lang=lang)
        }

    def _check_row(self, book, row, categories):
        """Note what is wrong with a row besides what its cells say on their own."""
        values = row.values
        for name in REVIEWED_TEXTS:
            if len(values.get(name) or "") > MAX_TEXT:
                message = self.env._("Write at most %s characters.", MAX_TEXT)
                book.add_error(message, row=row, name=name)
        if len(values.get("description") or "") > MAX_DESCRIPTION:
            message = self.env._("Write at most %s characters.", MAX_DESCRIPTION)
            book.add_error(message, row=row, name="description")
        if path := values.pop("category", None):
            if path in categories:
                values["category_id"] = categories[path]
            else:
                message = self.env._("The shop has no category “%s”.", path)
                book.add_error(message, row=row, name="category")

    def _find_changes(self, template, wanted):
        """:return: what of a row is not so yet"""
        if not template:
            return wanted
        present = template._groupbuy_get_content(CONTENT)
        present.update(
            cost=template.standard_price, stock=template.groupbuy_imported_stock
        )
        return {
            name: value
            for name, value in wanted.items()
            if name != "code"
            and not template._groupbuy_is_same(name, present[name], value)
        }

    # === WRITE === #

    def _write(self, book):
        """Override: by the rules of the products' form, all or none."""
        merchant_sudo = self.env["groupbuy.merchant"]._check_shop()
        self._raise_errors(book)
        changes = book.changes[MERCHANT_PRODUCTS.name]
        if not changes:
            return
        self.env.cr.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)",
            [IMPORT_LOCK, self.env.company.id],
        )
        if not self.env.cr.fetchone()[0]:
            raise UserError(self.env._("Another import is running: try again later."))
        with self.env.cr.savepoint():
            new = [change for change in changes if not change.record]
            templates = self._create_own_products(merchant_sudo, new)
            counted = {
                template: change.values["stock"]
                for template, change in zip(templates, new, strict=True)
                if "stock" in change.values
            }
            for change in changes:
                if change.record:
                    self._write_own_product(merchant_sudo, change)
                    if "stock" in change.values:
                        counted[change.record] = change.values["stock"]
            merchant_sudo.env["product.template"]._groupbuy_count_stock(counted)

    def _create_own_products(self, merchant_sudo, changes):
        """Create templates, then their variants with code and cost: together, Odoo
        writes code and cost one by one.

        :return: the templates, in the order of the changes
        """
        env = merchant_sudo.with_context(
            tracking_disable=True, mail_create_nosubscribe=True
        ).env
        templates = (
            env["product.template"]
            .with_context(create_product_product=False)
            .create(
                [
                    {
                        **merchant_sudo._prepare_product(change.values["name"]),
                        **self._prepare_content(change.values),
                    }
                    for change in changes
                ]
            )
            .with_context(create_product_product=True)
        )
        env["product.product"].create(
            [
                {
                    "product_tmpl_id": template.id,
                    "default_code": change.values["code"],
                    "standard_price": change.values.get("cost", 0),
                }
                for template, change in zip(templates, changes, strict=True)
            ]
        )
        return templates.sudo()

    def _prepare_content(self, values):
        """:return: the fields of a new product"""
        fields = {
            "specification": "groupbuy_specification",
            "origin": "groupbuy_origin",
            "price": "list_price",
        }
        vals = {field: values[name] for name, field in fields.items() if name in values}
        if "description" in values:
            vals["description_ecommerce"] = plaintext2html(values["description"])
        if "category_id" in values:
            vals["public_categ_ids"] = [(6, 0, [values["category_id"]])]
        return vals

    def _write_own_product(self, merchant_sudo, change):
        template_sudo = change.record
        content = {
            name: value for name, value in change.values.items() if name in CONTENT
        }
        if content and template_sudo.groupbuy_reviewed:
            merchant_sudo._propose(template_sudo, content)
        elif content:
            self.env["groupbuy.product.review"].sudo()._withdraw(template_sudo)
            template_sudo._groupbuy_write_content(content)
        if "cost" in change.values:
            template_sudo.standard_price = change.values["cost"]
