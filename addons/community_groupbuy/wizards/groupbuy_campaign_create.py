from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

# A ladder to start from: (from quantity, percent off the shop price).
LADDER = ((1, 10), (20, 15), (50, 20))


class GroupbuyCampaignCreate(models.TransientModel):
    """A draft campaign from products and one rule of discounts, in a few clicks."""

    _name = "groupbuy.campaign.create"
    _description = "Create a Group Buy from Products"

    def _default_line_ids(self):
        """:return: a line for each product that was selected in a list"""
        ids = self.env.context.get("active_ids") or []
        products = self.env["product.product"]
        match self.env.context.get("active_model"):
            case "product.template":
                templates = self.env["product.template"].browse(ids)
                products = templates.product_variant_ids
            case "product.product":
                products = products.browse(ids)
        return [
            Command.create({"product_id": product.id})
            for product in products
            if product.sale_ok and product.type == "consu"
        ]

    campaign_id = fields.Many2one(
        "groupbuy.campaign",
        string="Add To",
        domain=[("state", "=", "draft")],
        help="A draft to add the products to; empty for a new campaign.",
        ondelete="cascade",
    )
    name = fields.Char()
    date_open = fields.Datetime(
        string="Opens", required=True, default=fields.Datetime.now
    )
    date_close = fields.Datetime(
        string="Closes",
        required=True,
        default=lambda self: fields.Datetime.now() + timedelta(days=3),
    )
    pickup_date = fields.Datetime(string="Ready From")
    goal_type = fields.Selection(
        lambda self: (
            self.env["groupbuy.campaign"]
            ._fields["goal_type"]
            ._description_selection(self.env)
        ),
        required=True,
        default="none",
    )
    goal_value = fields.Float(string="Goal")
    pickup_point_ids = fields.Many2many("groupbuy.pickup.point", string="Pickup Points")
    quota_rule = fields.Selection(
        [
            ("stock", "What is in stock"),
            ("number", "A number of pieces"),
            ("none", "No limit"),
        ],
        string="For Sale",
        required=True,
        default="stock",
    )
    quota = fields.Integer(string="Pieces of Each", default=100)
    tier_ids = fields.One2many(
        "groupbuy.campaign.create.tier",
        "wizard_id",
        string="Discounts",
        default=lambda self: [
            Command.create({"min_quantity": quantity, "discount": discount})
            for quantity, discount in LADDER
        ],
    )
    line_ids = fields.One2many(
        "groupbuy.campaign.create.line",
        "wizard_id",
        string="Products",
        default=lambda self: self._default_line_ids(),
    )
    currency_id = fields.Many2one(
        "res.currency", default=lambda self: self.env.company.currency_id
    )

    @api.constrains("tier_ids")
    def _check_tiers(self):
        for wizard in self:
            discounts = wizard.tier_ids.sorted("min_quantity").mapped("discount")
            if any(
                later <= earlier
                for earlier, later in zip(discounts, discounts[1:], strict=False)
            ):
                raise ValidationError(
                    self.env._("The discount must rise with every quantity.")
                )

    def action_create(self):
        """Write the draft, or add to it, and open it.

        :return: the action that shows the campaign
        :raise UserError: nothing is chosen, or a product cannot be offered like that
        """
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("Choose at least one product."))
        if not self.campaign_id and not self.name:
            raise UserError(self.env._("Give the campaign a name."))
        if self.quota_rule == "number" and self.quota <= 0:
            raise UserError(self.env._("The number of pieces must be positive."))
        offers = [Command.create(line._prepare_offer()) for line in self.line_ids]
        if self.campaign_id:
            self.campaign_id.offer_ids = offers
            return self.campaign_id._get_form_action()
        campaign = self.env["groupbuy.campaign"].create(
            {
                "name": self.name,
                "date_open": self.date_open,
                "date_close": self.date_close,
                "pickup_date": self.pickup_date,
                "goal_type": self.goal_type,
                "goal_value": self.goal_value,
                "pickup_point_ids": [Command.set(self.pickup_point_ids.ids)],
                "offer_ids": offers,
            }
        )
        return campaign._get_form_action()


class GroupbuyCampaignCreateTier(models.TransientModel):
    _name = "groupbuy.campaign.create.tier"
    _description = "Discount from a Quantity"
    _order = "min_quantity"

    wizard_id = fields.Many2one(
        "groupbuy.campaign.create", required=True, index=True, ondelete="cascade"
    )
    min_quantity = fields.Integer(string="From Quantity", required=True, default=1)
    discount = fields.Float(string="Discount (%)", required=True, digits=(5, 2))

    _quantity_unique = models.UniqueIndex(
        "(wizard_id, min_quantity)",
        "Two discounts cannot start at the same quantity.",
    )
    _quantity_check = models.Constraint(
        "CHECK(min_quantity > 0)", "A discount starts at 1 piece or more."
    )
    _discount_check = models.Constraint(
        "CHECK(discount >= 0 AND discount < 100)",
        "A discount goes from 0 to less than 100 percent.",
    )


class GroupbuyCampaignCreateLine(models.TransientModel):
    _name = "groupbuy.campaign.create.line"
    _description = "Product of a New Group Buy"

    wizard_id = fields.Many2one(
        "groupbuy.campaign.create", required=True, index=True, ondelete="cascade"
    )
    product_id = fields.Many2one(
        "product.product",
        required=True,
        ondelete="cascade",
        domain="[('sale_ok', '=', True), ('type', '=', 'consu')]",
    )
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    list_price = fields.Float(related="product_id.lst_price", string="Shop Price")
    free_quantity = fields.Integer(
        string="In Stock",
        compute="_compute_free_quantity",
        help="Free in the warehouse, less what other group buys may still sell.",
    )
    ladder = fields.Char(string="Prices", compute="_compute_ladder")
    quota = fields.Integer(
        string="For Sale", compute="_compute_quota", store=True, readonly=False
    )

    @api.depends("product_id")
    def _compute_free_quantity(self):
        promised = self._get_promised()
        for line in self:
            # Sales people need not be warehouse people to know what can be sold.
            product_sudo = line.product_id.sudo()
            line.free_quantity = max(
                int(product_sudo.free_qty) - promised.get(product_sudo.id, 0), 0
            )

    def _get_promised(self):
        """:return: {product id: pieces that live campaigns have sold or may sell}"""
        offers = self.env["groupbuy.offer"].search(
            [
                ("product_id", "in", self.product_id.ids),
                ("campaign_id.state", "in", ("scheduled", "open", "closing")),
            ]
        )
        promised = dict.fromkeys(self.product_id.ids, 0)
        for offer in offers:
            promised[offer.product_id.id] += offer.quota or offer.paid_quantity
        return promised

    @api.depends("product_id", "wizard_id.quota_rule", "wizard_id.quota")
    def _compute_quota(self):
        for line in self:
            match line.wizard_id.quota_rule:
                case "stock":
                    line.quota = line.free_quantity
                case "number":
                    line.quota = line.wizard_id.quota
                case _:
                    line.quota = 0

    @api.depends(
        "product_id", "wizard_id.tier_ids.min_quantity", "wizard_id.tier_ids.discount"
    )
    def _compute_ladder(self):
        for line in self:
            base, tiers = line._get_prices()
            line.ladder = " · ".join(
                [
                    line.currency_id.format(base),
                    *(
                        self.env._(
                            "from %(quantity)s: %(price)s",
                            quantity=quantity,
                            price=line.currency_id.format(price),
                        )
                        for quantity, price in tiers
                    ),
                ]
            )

    def _get_prices(self):
        """:return: (base price, [(from quantity, unit price)]) by the rule, rounded;
        a tier that rounding makes no cheaper is left out
        """
        self.ensure_one()
        currency = self.currency_id
        prices = {
            tier.min_quantity: currency.round(
                self.list_price * (100 - tier.discount) / 100
            )
            for tier in self.wizard_id.tier_ids
        }
        base = lowest = prices.pop(1, self.list_price)
        tiers = []
        for quantity, price in sorted(prices.items()):
            if currency.compare_amounts(price, lowest) < 0:
                tiers.append((quantity, price))
                lowest = price
        return base, tiers

    def _prepare_offer(self):
        """:return: the values of this line's offer"""
        self.ensure_one()
        if self.wizard_id.quota_rule != "none" and self.quota <= 0:
            raise UserError(
                self.env._(
                    "%s: nothing is in stock that another group buy may not sell. "
                    "Remove it or enter how many pieces are for sale.",
                    self.product_id.display_name,
                )
            )
        base, tiers = self._get_prices()
        return {
            "product_id": self.product_id.id,
            "base_price": base,
            "quota": self.quota,
            "tier_ids": [
                Command.create({"min_quantity": quantity, "price": price})
                for quantity, price in tiers
            ],
        }
