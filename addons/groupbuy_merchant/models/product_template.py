from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .groupbuy_merchant import SELLING_STATE


class ProductTemplate(models.Model):
    """Goods of merchants: whose they are, and whether they may be sold.

    What may not be sold is *withheld*: not reviewed, unpublished, or of a merchant who
    does not sell. Every door of the shop and of group buys looks at this one field, and
    a global rule hides such goods from everybody who does not work for the platform.
    """

    _inherit = "product.template"

    groupbuy_merchant_id = fields.Many2one(
        "groupbuy.merchant",
        string="Merchant",
        index="btree_not_null",
        ondelete="restrict",
        help="Whose the goods are; empty for the platform's own.",
    )
    groupbuy_reviewed = fields.Boolean(
        string="Reviewed",
        readonly=True,
        copy=False,
        help="Operators have approved what residents see of it.",
    )
    groupbuy_reviewed_price = fields.Float(
        digits="Product Price", readonly=True, copy=False
    )
    groupbuy_withheld = fields.Boolean(
        string="Withheld",
        compute="_compute_groupbuy_withheld",
        store=True,
        index=True,
        help="A merchant's goods that are not reviewed, not published, or whose "
        "merchant does not sell: nobody sees or buys them.",
    )
    groupbuy_review_ids = fields.One2many(
        "groupbuy.product.review", "product_tmpl_id", string="Reviews"
    )

    @api.depends(
        "groupbuy_merchant_id.state",
        "groupbuy_merchant_id.active",
        "groupbuy_reviewed",
        "is_published",
    )
    def _compute_groupbuy_withheld(self):
        for template in self:
            merchant = template.groupbuy_merchant_id
            template.groupbuy_withheld = bool(merchant) and not (
                template.groupbuy_reviewed
                and template.is_published
                and merchant.active
                and merchant.state == SELLING_STATE
            )

    def write(self, vals):
        """Override: whose goods were sold does not change afterwards."""
        if "groupbuy_merchant_id" in vals:
            moved = self.filtered(
                lambda template: (
                    template.groupbuy_merchant_id.id != vals["groupbuy_merchant_id"]
                )
            )
            # Only whether there are any.
            sold_sudo = self.env["sale.order.line"].sudo()
            if moved and sold_sudo.search_count(
                [
                    ("product_id.product_tmpl_id", "in", moved.ids),
                    ("state", "in", ("sent", "sale")),
                ],
                limit=1,
            ):
                raise UserError(
                    self.env._("It has been sold: its merchant stays as it is.")
                )
            # Another merchant's goods are reviewed anew.
            super(ProductTemplate, moved).write({"groupbuy_reviewed": False})
        return super().write(vals)

    # === DOORS === #

    def _can_return_content(self, field_name=None, access_token=None):
        """Override of `website`, which hands out files of whatever is published."""
        if self.sudo().groupbuy_withheld:
            return False
        return super()._can_return_content(field_name, access_token)

    @api.model
    def _get_open_offer_domain(self, website):
        """Override of `community_groupbuy`: nothing withheld is advertised."""
        domain = super()._get_open_offer_domain(website)
        return domain & Domain("withheld", "=", False)

    # === SHOWN === #

    def _get_groupbuy_seller(self):
        """:return: the name of the shop whose goods these are; "" for the platform's"""
        self.ensure_one()
        # Residents may know from whom they buy.
        return self.sudo().groupbuy_merchant_id.name or ""
