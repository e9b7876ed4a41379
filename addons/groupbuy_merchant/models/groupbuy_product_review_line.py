from odoo import api, fields, models
from odoo.exceptions import UserError

WRITABLE = {"decision", "reason"}


class GroupbuyProductReviewLine(models.Model):
    """One thing that a merchant proposes about a product: before, after, decision."""

    _name = "groupbuy.product.review.line"
    _description = "Product Review's Change"
    _order = "review_id, id"

    review_id = fields.Many2one(
        "groupbuy.product.review", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="review_id.company_id", store=True)
    state = fields.Selection(related="review_id.state", string="Review's Status")
    name = fields.Selection(
        [
            ("name", "Name"),
            ("specification", "Specification"),
            ("origin", "Origin"),
            ("description", "Description"),
            ("category_id", "Category"),
            ("price", "Price"),
            ("image", "Picture"),
        ],
        string="What",
        required=True,
        readonly=True,
    )
    before = fields.Text(readonly=True)
    after = fields.Text(readonly=True)
    value = fields.Json(readonly=True, help="What is written when it is accepted.")
    decision = fields.Selection(
        [("accept", "Accept"), ("decline", "Decline")],
        required=True,
        default="accept",
    )
    reason = fields.Char(help="Shown to the merchant.")

    _name_unique = models.UniqueIndex("(review_id, name)")

    def write(self, vals):
        """Override: what a merchant wrote stays as it is, and so does a decision."""
        if not self.env.su:
            if set(vals) - WRITABLE:
                raise UserError(self.env._("Only decide about it."))
            self.review_id._check_pending()
        return super().write(vals)

    def _get_label(self):
        """:return: what this is about, as people read it"""
        self.ensure_one()
        return dict(self._fields["name"]._description_selection(self.env))[self.name]

    @api.model
    def _format(self, merchant, name, value):
        """:return: a value of REVIEWED as people compare it"""
        if name == "price":
            return merchant.currency_id.format(value) if value else ""
        if name == "category_id":
            return self.env["product.public.category"].browse(value).display_name or ""
        if name == "image":
            return self.env._("A picture") if value else ""
        return value or ""

    def _get_content(self):
        """:return: {name: value} of these lines, for `_groupbuy_write_content`"""
        return {
            line.name: line.review_id.image_after
            if line.name == "image"
            else line.value["value"]
            for line in self
        }
