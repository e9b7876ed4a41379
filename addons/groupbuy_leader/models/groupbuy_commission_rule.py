from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .groupbuy_commission_terms import KINDS

FILTERS = ("product_tmpl_id", "seller_id", "campaign_id", "level_id")


class GroupbuyCommissionRule(models.Model):
    """What leaders get of which goods: the first rule from the top that fits."""

    _name = "groupbuy.commission.rule"
    _description = "Commission Rule"
    _inherit = ["groupbuy.commission.terms", "mail.thread"]
    _order = "sequence, id"

    name = fields.Char(
        required=True, translate=True, tracking=True, help="Shown to the leaders."
    )
    sequence = fields.Integer(
        default=10, help="The first rule from the top that fits is taken."
    )
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        KINDS,
        string="Earned",
        required=True,
        default="service",
        tracking=True,
        help="For the pickup point: by its leader, on everything collected there. For "
        "bringing the order: by the leader whose link it came by. Nobody earns "
        "anything for bringing other leaders.",
    )
    method = fields.Selection(tracking=True)
    rate = fields.Float(tracking=True)
    unit_amount = fields.Monetary(tracking=True)
    reckoned_on = fields.Selection(tracking=True)

    product_tmpl_id = fields.Many2one(
        "product.template", string="Product", ondelete="restrict", tracking=True
    )
    category_id = fields.Many2one(
        "product.public.category",
        ondelete="restrict",
        tracking=True,
        help="Of the shop, with the categories below it.",
    )
    seller = fields.Selection(
        [("any", "Anybody"), ("platform", "The platform"), ("others", "Merchants")],
        string="Sold By",
        required=True,
        default="any",
        tracking=True,
    )
    seller_id = fields.Many2one(
        "res.partner",
        string="Only This Merchant",
        ondelete="restrict",
        tracking=True,
    )
    campaign_id = fields.Many2one(
        "groupbuy.campaign", string="Group Buy", ondelete="restrict", tracking=True
    )
    level_id = fields.Many2one(
        "groupbuy.leader.level",
        string="Leader's Level",
        ondelete="restrict",
        tracking=True,
    )
    date_from = fields.Date(
        string="From", tracking=True, help="The day of the payment counts."
    )
    date_to = fields.Date(string="Until", tracking=True)

    commission_count = fields.Integer(compute="_compute_commission_count")
    shadowed_by_id = fields.Many2one(
        "groupbuy.commission.rule",
        string="Never Reached Because Of",
        compute="_compute_shadowed_by_id",
        help="A rule further up that fits wherever this one does.",
    )

    _dates_check = models.Constraint(
        "CHECK(date_from <= date_to)", "The last day comes before the first one."
    )

    @api.depends(
        "sequence", "active", "company_id", "kind", "category_id", "seller",
        "date_from", "date_to", *FILTERS,
    )  # fmt: skip
    def _compute_shadowed_by_id(self):
        rules = self.search([("company_id", "in", self.company_id.ids)])
        for rule in self:
            rule.shadowed_by_id = False
            for earlier in rules:
                if earlier == rule._origin or not rule.active:
                    break
                if earlier._covers(rule):
                    rule.shadowed_by_id = earlier
                    break

    def _compute_commission_count(self):
        groups = self.env["groupbuy.commission"]._read_group(
            [("rule_id", "in", self.ids)], ["rule_id"], ["__count"]
        )
        counts = {rule.id: count for rule, count in groups}
        for rule in self:
            rule.commission_count = counts.get(rule.id, 0)

    @api.constrains("seller", "seller_id")
    def _check_seller(self):
        for rule in self:
            if rule.seller_id and rule.seller != "others":
                raise ValidationError(
                    self.env._("%s: only merchants can be named.", rule.name)
                )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override: orders that were paid before keep the rules of before."""
        self.env["sale.order"]._groupbuy_fix_pending()
        return super().create(vals_list)

    def write(self, vals):
        """Override: orders that were paid before keep the rules of before."""
        self.env["sale.order"]._groupbuy_fix_pending()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_used(self):
        self.env["sale.order"]._groupbuy_fix_pending()
        if used := self.filtered("commission_count"):
            raise UserError(
                self.env._(
                    "%s has been used. Archive it instead.", used[0].display_name
                )
            )

    # === MATCHING === #

    def _covers(self, other):
        """Whether this rule fits wherever another one does."""
        return (
            self.company_id == other.company_id
            and self.kind == other.kind
            and all(not self[name] or self[name] == other[name] for name in FILTERS)
            and self._covers_category(other.category_id)
            and self.seller in ("any", other.seller)
            and (
                not self.date_from
                or bool(other.date_from and self.date_from <= other.date_from)
            )
            and (
                not self.date_to
                or bool(other.date_to and self.date_to >= other.date_to)
            )
        )

    def _covers_category(self, categories):
        own = self.category_id
        return not own or any(
            f"/{own.id}/" in f"/{category.parent_path}" for category in categories
        )

    def _fits(self, product, owner, role, campaign, level, day):
        """:param day: None for whenever it was"""
        return (
            (
                not self.product_tmpl_id
                or self.product_tmpl_id == product.product_tmpl_id
            )
            and self._covers_category(product.public_categ_ids)
            and (
                self.seller == "any"
                or (self.seller == "platform") == (role == "platform")
            )
            and (not self.seller_id or self.seller_id == owner)
            # Leaders' own campaigns are sold under the terms of the platform's.
            and (
                not self.campaign_id
                or self.campaign_id in campaign + campaign.sudo().origin_id
            )
            and (not self.level_id or self.level_id == level)
            and (not day or not self.date_from or self.date_from <= day)
            and (not day or not self.date_to or self.date_to >= day)
        )

    @api.model
    def _get_rules(self, company, kind):
        """:return: the rules, in the order in which they are tried, sudoed"""
        # It follows from the orders; nobody who pays or hands over may read rules.
        return self.sudo().search(
            [("company_id", "=", company.id), ("kind", "=", kind)]
        )

    def _match(self, lines, leaders, always=None):
        """Find the rule for each of these order lines, all of one company.

        :param lines: goods
        :param dict leaders: {order: leader who would earn}
        :param always: a rule whose dates do not matter
        :return: {line: the first of these rules that fits, or an empty one}
        """
        owners = lines._groupbuy_owner()
        days = {
            order: order.company_id._get_groupbuy_date(order.groupbuy_commission_at)
            for order in lines.order_id
        }
        found, result = {}, {}
        for line in lines:
            order = line.order_id
            key = (
                line.product_id,
                *owners[line],
                order.groupbuy_campaign_id,
                leaders[order].level_id,
                days[order],
            )
            if key not in found:
                found[key] = next(
                    (
                        rule
                        for rule in self
                        if rule._fits(*key[:-1], None if rule == always else key[-1])
                    ),
                    self.browse(),
                )
            result[line] = found[key]
        return result

    def _prepare_terms(self, company, kind):
        """:return: what a commission keeps of this rule; of the company's usual rate if
        this is none; None where there is no commission at all"""
        if self:
            return {
                "rule_id": self.id,
                "method": self.method,
                "rate": self.rate,
                "unit_amount": self.unit_amount,
                "reckoned_on": self.reckoned_on,
            }
        rate = company[f"groupbuy_{kind}_rate"]
        return rate and {
            "rule_id": False,
            "method": "percent",
            "rate": rate,
            "unit_amount": 0.0,
            "reckoned_on": company.groupbuy_commission_base,
        }

    # === VIEWS === #

    def action_view_commissions(self):
        """:return: the action that lists what was earned by these rules"""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "groupbuy_leader.groupbuy_commission_action"
        )
        return {**action, "domain": [("rule_id", "in", self.ids)], "context": {}}

    def action_simulate(self):
        """:return: the action that shows what this rule would have cost"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "groupbuy_leader.groupbuy_commission_simulation_action"
        )
        return {**action, "context": {"default_rule_id": self.id}}
