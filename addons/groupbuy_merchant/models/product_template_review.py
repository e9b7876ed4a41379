from odoo import models
from odoo.fields import Command
from odoo.tools import html2plaintext, plaintext2html

# What residents see and merchants write: name in forms → field of the product.
REVIEWED = {
    "name": "name",
    "specification": "groupbuy_specification",
    "origin": "groupbuy_origin",
    "description": "description_ecommerce",
    "category_id": "public_categ_ids",
    "price": "list_price",
    "image": "image_1920",
}
TRANSLATED = ("name", "specification", "origin", "description")


class ProductTemplate(models.Model):
    """What a merchant proposes and operators review of a product."""

    _inherit = "product.template"

    def _groupbuy_get_content(self, names=tuple(REVIEWED)):
        """:return: {name in REVIEWED: value as merchants write it} of this product; the
        picture as base64"""
        self.ensure_one()
        content = {}
        for name in names:
            value = self[REVIEWED[name]]
            if name == "description":
                value = html2plaintext(value or "").strip()
            elif name == "category_id":
                value = value[:1].id
            elif name in TRANSLATED:
                value = value or ""
            content[name] = value
        return content

    def _groupbuy_is_same(self, name, present, value):
        """Whether a proposal says what the product says already."""
        if name == "description":
            # As it comes back from the page that shows it.
            return html2plaintext(plaintext2html(value)).strip() == present
        if name in ("price", "cost"):
            currency = self.groupbuy_merchant_id.currency_id
            return not currency.compare_amounts(present, value)
        return present == value

    def _groupbuy_write_content(self, content):
        """Write what a merchant proposes, in all languages: what was translated before
        was not reviewed with it.

        :param dict content: {name in REVIEWED: value as merchants write it}
        """
        self.ensure_one()
        vals = {}
        for name, value in content.items():
            if name == "category_id":
                value = [Command.set([value] if value else [])]
            elif name == "description":
                value = plaintext2html(value) if value else False
            vals[REVIEWED[name]] = value
        self.write(vals)
        terms = {
            REVIEWED[name]: vals[REVIEWED[name]]
            for name in TRANSLATED
            if name in content
        }
        if terms:
            for code, _name in self.env["res.lang"].get_installed():
                if code != self.env.lang:
                    self.with_context(lang=code).write(terms)

    def _groupbuy_approve(self):
        """Put a merchant's product on sale as it is now."""
        for template in self:
            template.write(
                {
                    "groupbuy_reviewed": True,
                    "groupbuy_reviewed_price": template.list_price,
                    "is_published": True,
                }
            )

    def _groupbuy_get_pending_review(self):
        """:return: the review that waits for the operators, or none"""
        self.ensure_one()
        return self.groupbuy_review_ids.filtered(
            lambda review: review.state == "pending"
        )[:1]

    def _groupbuy_get_merchant_status(self):
        """:return: where a merchant's product stands: "draft", "pending" (new, to be
        reviewed), "declined" (new), "live" or "unpublished\""""
        self.ensure_one()
        if self.groupbuy_reviewed:
            return "live" if self.is_published else "unpublished"
        if self._groupbuy_get_pending_review():
            return "pending"
        last = self.groupbuy_review_ids[:1]
        return "declined" if last.state == "declined" else "draft"
