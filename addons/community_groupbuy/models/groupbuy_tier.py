from odoo import api, fields, models

# What a resident agreed to, as the offer's own.
AGREED_FIELDS = {"offer_id", "min_quantity", "price"}


class GroupbuyTier(models.Model):
    _name = "groupbuy.tier"
    _description = "Group-buy Price Tier"
    _order = "offer_id, min_quantity"

    offer_id = fields.Many2one(
        "groupbuy.offer", required=True, index=True, ondelete="cascade"
    )
    min_quantity = fields.Integer(
        string="From Quantity",
        required=True,
        help="Pieces bought by everyone together from which this price holds.",
    )
    currency_id = fields.Many2one(related="offer_id.currency_id")
    price = fields.Monetary(required=True, help="Unit price from that quantity on.")

    _quantity_unique = models.UniqueIndex(
        "(offer_id, min_quantity)",
        "Two tiers of an offer cannot start at the same quantity.",
    )
    _min_quantity_check = models.Constraint(
        "CHECK(min_quantity > 1)",
        "A tier starts at 2 pieces or more; below it the base price holds.",
    )
    _price_check = models.Constraint(
        "CHECK(price > 0)", "The price of a tier must be positive."
    )

    @api.depends("min_quantity", "price", "currency_id")
    def _compute_display_name(self):
        for tier in self:
            price = tier.currency_id.format(tier.price) if tier.currency_id else ""
            tier.display_name = f"{tier.min_quantity}+ {price}"

    @api.constrains("offer_id", "min_quantity", "price")
    def _check_offer(self):
        self.offer_id._check_tiers()

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        tiers.offer_id._check_agreed({"tier_ids": []})
        return tiers

    def write(self, vals):
        if not AGREED_FIELDS.isdisjoint(vals):
            self.offer_id._check_agreed({"tier_ids": []})
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self.offer_id._check_agreed({"tier_ids": []})
