from odoo import api, fields, models


class GroupbuyFeeRule(models.Model):
    """What the platform keeps of what merchants sell.

    Of the rules that are in force, the closest one counts: a merchant's for a category,
    the merchant's, one for a category, and without any the company's rate. A deeper
    category is closer than one above it; of two alike, the one that began last counts.
    """

    _name = "groupbuy.fee.rule"
    _description = "Fee Rule"
    _order = "merchant_id, category_id, date_from desc, id desc"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    merchant_id = fields.Many2one(
        "groupbuy.merchant",
        index="btree_not_null",
        ondelete="cascade",
        help="Empty: all merchants.",
    )
    category_id = fields.Many2one(
        "product.public.category",
        index="btree_not_null",
        ondelete="cascade",
        help="Of the shop, with the categories below it. Empty: all goods.",
    )
    rate = fields.Float(
        string="Fee (%)",
        required=True,
        help="Percent of what the resident pays, with tax, less discounts that the "
        "merchant bears.",
    )
    date_from = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="Orders from this day on; those before keep their rate.",
    )
    date_to = fields.Date(help="The last day; empty for no end.")
    active = fields.Boolean(default=True)

    _rate_check = models.Constraint(
        "CHECK(rate BETWEEN 0 AND 100)", "A fee is 0 to 100 percent."
    )
    _dates_check = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "A rule ends on the day on which it begins, or later.",
    )

    @api.depends("merchant_id", "category_id", "rate")
    def _compute_display_name(self):
        for rule in self:
            about = [rule.merchant_id.name, rule.category_id.display_name]
            names = [name for name in about if name] or [self.env._("All goods")]
            rule.display_name = f"{' · '.join(names)}: {rule.rate:g} %"

    @api.model
    def _get_rates(self, templates):
        """Find today's fees of merchants' products.

        :return: {product template: percent}
        """
        if not templates:
            return {}
        rates = {}
        for company, own in templates.grouped(self._get_company).items():
            # Whoever buys has no rights on rules; only the rate is taken from them.
            today = company._get_groupbuy_date()
            rules_sudo = self.sudo().search(
                [
                    ("company_id", "=", company.id),
                    ("merchant_id", "in", [False, *own.groupbuy_merchant_id.ids]),
                    ("date_from", "<=", today),
                    "|",
                    ("date_to", "=", False),
                    ("date_to", ">=", today),
                ]
            )
            for template in own:
                closest = max(
                    rules_sudo.filtered(lambda rule, it=template: rule._fits(it)),
                    key=lambda rule: rule._get_rank(),
                    default=None,
                )
                rates[template] = (
                    company.groupbuy_merchant_fee if closest is None else closest.rate
                )
        return rates

    @api.model
    def _get_company(self, template):
        return template.groupbuy_merchant_id.company_id

    def _fits(self, template):
        """Whether this rule is about a product."""
        if self.merchant_id and self.merchant_id != template.groupbuy_merchant_id:
            return False
        if not self.category_id:
            return True
        paths = template.public_categ_ids.mapped("parent_path")
        return any(path.startswith(self.category_id.parent_path) for path in paths)

    def _get_rank(self):
        """:return: what sorts a closer rule behind others"""
        depth = (self.category_id.parent_path or "").count("/")
        return bool(self.merchant_id), depth, self.date_from, self.id
