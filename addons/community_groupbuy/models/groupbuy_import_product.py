from odoo import models
from odoo.fields import Command, Domain
from odoo.tools import html2plaintext, plaintext2html

from .groupbuy_import_columns import PRODUCTS

TRANSLATED = {
    "name": "name",
    "specification": "groupbuy_specification",
    "origin": "groupbuy_origin",
}
VARIANT_FIELDS = ("default_code", "standard_price")
WRITTEN_AS = {"price": "list_price", "cost": "standard_price"}


class GroupbuyImport(models.AbstractModel):
    """Products: found by their code, with categories, taxes and stock."""

    _inherit = "groupbuy.import"

    # === PLAN === #

    def _plan_products(self, book):
        rows = book.get_sound_rows(PRODUCTS)
        book.taxes = self._get_taxes()
        existing = self._find_products([row.values["code"] for row in rows])
        pictures = self._get_picture_checksums(
            "product.template",
            [
                product.product_tmpl_id.id
                for products in existing.values()
                for product in products
            ],
        )
        for row in rows:
            products = existing.get(row.values["code"])
            if products and not self._check_product(book, row, products):
                continue
            template = products.product_tmpl_id if products else None
            self._plan_product(book, row, template, pictures)

    def _find_products(self, codes):
        """:return: {code: products of this company with it, archived ones too}"""
        domain = Domain("default_code", "in", list(codes)) & Domain(
            "company_id", "in", (False, self.env.company.id)
        )
        model = self.env["product.product"].with_context(active_test=False)
        return model.search(domain).grouped("default_code")

    def _check_product(self, book, row, products):
        error = None
        if len(products) > 1:
            error = self.env._("Several products have this code.")
        elif not products.active:
            error = self.env._("The product with this code is archived.")
        elif len(products.product_tmpl_id.product_variant_ids) > 1:
            error = self.env._(
                "A product with variants cannot be changed by an import."
            )
        elif products.type != "consu":
            error = self.env._("The product with this code is not goods.")
        if error:
            book.add_error(error, row=row, name="code")
        return not error

    def _plan_product(self, book, row, template, pictures):
        wanted = {
            name: value for name, value in row.values.items() if value is not None
        }
        tax = wanted.get("tax")
        if tax is not None and tax not in book.taxes:
            book.add_error(
                self.env._("The company has no sales tax of %s %%.", f"{tax:g}"),
                row=row,
                name="tax",
            )
            return
        values = wanted
        if template:
            present = self._read_product(template, wanted, pictures)
            if tax is not None and self._get_own_taxes(template) == book.taxes[tax]:
                present["tax"] = tax
            values = {
                name: value for name, value in wanted.items() if value != present[name]
            }
            if "stock" in values and template.tracking != "none":
                book.add_error(
                    self.env._(
                        "Stock tracked by lots or serial numbers is counted in "
                        "the inventory app."
                    ),
                    row=row,
                    name="stock",
                )
        book.add_change(row, template, values)

    def _read_product(self, template, wanted, pictures):
        """:return: {column: value} of a product, as its row would say it"""
        main = template.with_context(lang=self._get_main_lang())
        present = {
            "code": template.default_code,
            "name": main.name,
            "name_tw": template.with_context(lang="zh_TW").name,
            "name_en": template.with_context(lang="en_US").name,
            "specification": main.groupbuy_specification or "",
            "origin": main.groupbuy_origin or "",
            "category": self._get_category_path(template),
            "price": round(template.list_price, 2),
            "cost": round(template.standard_price, 2),
            "stock": template.groupbuy_imported_stock,
            "tax": None,
            "description": self._get_text(main.description_ecommerce),
            "picture": pictures.get(template.id),
        }
        if "description" in wanted and present["description"] == self._get_text(
            plaintext2html(wanted["description"])
        ):
            present["description"] = wanted["description"]
        # A language that is not installed, or shows the main one, has nothing to say.
        for column, lang in (("name_tw", "zh_TW"), ("name_en", "en_US")):
            if lang not in self._get_langs():
                present[column] = wanted.get(column)
        return present

    def _get_text(self, html):
        return html2plaintext(html) if html else ""

    # === TAXES === #

    def _get_taxes(self):
        """:return: {percentage: the company's sales tax}; 0 is no tax at all"""
        taxes = self.env["account.tax"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
            ]
        )
        # Of two, the one that computes as the company's prices are meant.
        taxes = taxes.sorted(lambda tax: not tax.price_include_override)
        by_percent = {round(tax.amount, 4): tax for tax in taxes}
        return {0.0: taxes.browse(), **by_percent}

    def _get_own_taxes(self, template):
        return template.taxes_id.filtered(
            lambda tax: tax.company_id == self.env.company
        )

    def _prepare_taxes(self, template, tax):
        others = template.taxes_id - self._get_own_taxes(template) if template else tax
        return [Command.set((others | tax).ids)]

    # === CATEGORIES === #

    def _get_category_path(self, template):
        """:return: the path of both categories; None if the shop shows another"""
        path = self._get_path(template.categ_id)
        shown = {self._get_path(category) for category in template.public_categ_ids}
        return path if path in shown else None

    def _get_path(self, category):
        """:return: "parent / child" in the main language"""
        names = []
        category = category.with_context(lang=self._get_main_lang())
        while category:
            names.append(category.name)
            category = category.parent_id
        return " / ".join(reversed(names))

    def _get_category(self, model, path, cache):
        """:return: the category with that path, created where it is missing"""
        category = self.env[model].with_context(lang=self._get_main_lang())
        for name in path.split(" / "):
            key = (model, category.id, name)
            if key not in cache:
                vals = {"parent_id": category.id, "name": name}
                domain = [(field, "=", value) for field, value in vals.items()]
                cache[key] = category.search(domain, limit=1) or category.create(vals)
            category = cache[key]
        return category

    # === WRITE === #

    def _write_products(self, book):
        changes = book.changes[PRODUCTS.name]
        categories = {}
        new = [change for change in changes if not change.record]
        templates = self._create_products(book, new, categories)
        written = list(zip(templates, new, strict=True))
        for change in changes:
            if change.record:
                change.record.write(self._prepare_product(book, change, categories))
                written.append((change.record, change))
        self._write_product_terms(written)
        self._count_stock(
            [
                (template.product_variant_id, change.values["stock"])
                for template, change in written
                if "stock" in change.values
            ]
        )

    def _create_products(self, book, changes, categories):
        """Create templates, then their variants with code and cost.

        Together, Odoo writes code and cost of the variants one by one, which takes
        twice as long as everything else.
        """
        vals_list = [
            {
                **self._prepare_new_product(),
                **self._prepare_product(book, change, categories),
                "name": change.values["name"],
            }
            for change in changes
        ]
        variant_vals_list = [
            {name: vals.pop(name) for name in VARIANT_FIELDS if name in vals}
            for vals in vals_list
        ]
        templates = (
            self.env["product.template"]
            .with_context(lang=self._get_main_lang(), create_product_product=False)
            .create(vals_list)
            .with_context(create_product_product=True)
        )
        self.env["product.product"].create(
            [
                {**vals, "product_tmpl_id": template.id}
                for template, vals in zip(templates, variant_vals_list, strict=True)
            ]
        )
        return templates

    def _prepare_new_product(self):
        return {
            "type": "consu",
            "is_storable": True,
            "is_published": True,
            "allow_out_of_stock_order": False,
        }

    def _prepare_product(self, book, change, categories):
        values, template = change.values, change.record
        vals = {
            field: values[column]
            for column, field in WRITTEN_AS.items()
            if column in values
        }
        if not template:
            vals["default_code"] = values["code"]
        if "tax" in values:
            vals["taxes_id"] = self._prepare_taxes(template, book.taxes[values["tax"]])
        if "picture" in values:
            vals["image_1920"] = book.stored_pictures[values["picture"]]
        if "stock" in values:
            vals["groupbuy_imported_stock"] = values["stock"]
        if "category" in values:
            path = values["category"]
            category = self._get_category("product.category", path, categories)
            shown = self._get_category("product.public.category", path, categories)
            vals["categ_id"] = category.id
            vals["public_categ_ids"] = [Command.link(shown.id)]
            if template:
                before = self._get_path(template.categ_id)
                vals["public_categ_ids"] += [
                    Command.unlink(public.id)
                    for public in template.public_categ_ids - shown
                    if self._get_path(public) == before
                ]
        return vals

    def _write_product_terms(self, written):
        for column, field in TRANSLATED.items():
            terms = []
            for template, change in written:
                if column == "name":
                    terms.append((template, self._get_name_terms(template, change)))
                elif column in change.values:
                    value = change.values[column]
                    terms.append((template, self._get_terms(template, field, value)))
            self._write_terms(field, terms)
        descriptions = [
            (
                template,
                self._get_terms(
                    template,
                    "description_ecommerce",
                    str(plaintext2html(change.values["description"])),
                ),
            )
            for template, change in written
            if change.values.get("description") is not None
        ]
        self._write_terms("description_ecommerce", descriptions)

    def _get_name_terms(self, template, change):
        row = change.row.values
        translations = {"zh_TW": row.get("name_tw"), "en_US": row.get("name_en")}
        return self._get_terms(template, "name", row["name"], translations)

    def _count_stock(self, counts):
        """Book counted pieces in the warehouse.

        :param counts: [(product, pieces)]
        """
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )
        location = warehouse.lot_stock_id
        products = self.env["product.product"].union(
            *(product for product, _pieces in counts)
        )
        by_product = self._get_quants(products, location).grouped("product_id")
        counted = self.env["stock.quant"]
        for product, pieces in counts:
            quant = by_product[product][0]
            if quant.quantity != pieces:
                quant.inventory_quantity = pieces
                counted |= quant
        counted._apply_inventory()

    def _get_quants(self, products, location):
        """:return: where the pieces of these products are counted, made if missing"""
        owned = {"lot_id": False, "package_id": False, "owner_id": False}
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "in", products.ids),
                ("location_id", "=", location.id),
                *((name, "=", value) for name, value in owned.items()),
            ]
        )
        return quants | quants.create(
            [
                {"product_id": product.id, "location_id": location.id}
                for product in products - quants.product_id
            ]
        )

    # === PICTURES === #

    def _get_picture_checksums(self, model, ids):
        """:return: {id: checksum} of the pictures of these records"""
        attachments = self.env["ir.attachment"].search_fetch(
            [
                ("res_model", "=", model),
                ("res_field", "=", "image_1920"),
                ("res_id", "in", ids),
            ],
            ["res_id", "checksum"],
        )
        return {attachment.res_id: attachment.checksum for attachment in attachments}
