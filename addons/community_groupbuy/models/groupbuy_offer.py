from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

# What a resident agreed to; it stands still as soon as somebody has joined.
AGREED_FIELDS = {"product_id", "base_price", "tier_ids", "min_quantity", "pack_size"}


class GroupbuyOffer(models.Model):
    _name = "groupbuy.offer"
    _description = "Group-buy Offer"
    _order = "campaign_id, sequence, id"
    _rec_name = "product_id"

    campaign_id = fields.Many2one(
        "groupbuy.campaign", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(related="campaign_id.company_id", store=True)
    currency_id = fields.Many2one(related="campaign_id.currency_id")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('sale_ok', '=', True), ('type', '=', 'consu')]",
    )
    list_price = fields.Float(related="product_id.lst_price", string="Shop Price")
    base_price = fields.Monetary(
        required=True,
        compute="_compute_base_price",
        store=True,
        precompute=True,
        readonly=False,
        help="Unit price below the first tier, in the terms of the product's own "
        "sales price (with tax where that one includes it).",
    )
    tier_ids = fields.One2many("groupbuy.tier", "offer_id", copy=True)
    quota = fields.Integer(help="Pieces for sale in all; 0 for no limit.")
    quota_offer_id = fields.Many2one(
        "groupbuy.offer",
        string="Shared Quota",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The offer of another campaign whose quota this one takes from.",
    )
    min_quantity = fields.Integer(
        string="Minimum Quantity",
        help="If fewer pieces are paid at closing, this offer is refunded.",
    )
    pack_size = fields.Integer(
        default=1, required=True, help="Pieces are bought in multiples of this."
    )
    max_per_order = fields.Integer(help="Pieces in one order; 0 for no limit.")
    max_per_resident = fields.Integer(
        help="Pieces for one resident in the whole campaign; 0 for no limit."
    )
    hold_ids = fields.One2many("groupbuy.hold", "offer_id")
    line_ids = fields.One2many("sale.order.line", "groupbuy_offer_id")

    final_price = fields.Monetary(
        readonly=True, copy=False, help="Unit price for everyone, fixed at closing."
    )
    final_quantity = fields.Integer(
        readonly=True, copy=False, help="Pieces paid when the campaign closed."
    )
    outcome = fields.Selection(
        [("success", "Successful"), ("failure", "Minimum Missed")],
        readonly=True,
        copy=False,
    )

    paid_quantity = fields.Integer(compute="_compute_quantities")
    held_quantity = fields.Integer(compute="_compute_quantities")
    remaining = fields.Integer(
        compute="_compute_quantities", help="Pieces left; -1 where there is no limit."
    )
    price = fields.Monetary(
        string="Price Now",
        compute="_compute_quantities",
        help="Unit price at the quantity paid so far; the final one after closing.",
    )
    next_quantity = fields.Integer(compute="_compute_quantities")
    next_price = fields.Monetary(compute="_compute_quantities")

    _product_unique = models.UniqueIndex(
        "(campaign_id, product_id)",
        "A product can be offered only once in a campaign.",
    )
    _base_price_check = models.Constraint(
        "CHECK(base_price > 0)", "The base price must be positive."
    )
    _numbers_check = models.Constraint(
        "CHECK(quota >= 0 AND min_quantity >= 0 AND pack_size > 0"
        " AND max_per_order >= 0 AND max_per_resident >= 0)",
        "Quota, minimum and limits cannot be negative, the pack size must be positive.",
    )

    _quota_shared_check = models.Constraint(
        "CHECK(quota_offer_id IS NULL OR quota = 0)",
        "This offer shares another one's quota: change it there.",
    )

    # === CONSTRAINTS === #

    @api.constrains("base_price", "tier_ids")
    def _check_tiers(self):
        for offer in self:
            price = offer.base_price
            for tier in offer.tier_ids.sorted("min_quantity"):
                if offer.currency_id.compare_amounts(tier.price, price) >= 0:
                    raise ValidationError(
                        self.env._(
                            "%(product)s: the price must fall with every tier, but "
                            "%(price)s from %(quantity)s pieces does not.",
                            product=offer.product_id.display_name,
                            price=offer.currency_id.format(tier.price),
                            quantity=tier.min_quantity,
                        )
                    )
                price = tier.price

    @api.constrains(
        "quota", "min_quantity", "pack_size", "max_per_order", "max_per_resident"
    )
    def _check_limits(self):
        for offer in self:
            limits = [offer.quota, offer.max_per_order, offer.max_per_resident]
            if any(limit and limit < offer.pack_size for limit in limits):
                raise ValidationError(
                    self.env._(
                        "%s: not even one pack fits within the quota and limits.",
                        offer.product_id.display_name,
                    )
                )
            if offer.quota and offer.min_quantity > offer.quota:
                raise ValidationError(
                    self.env._(
                        "%s: the minimum quantity is above the quota.",
                        offer.product_id.display_name,
                    )
                )

    # === COMPUTES === #

    @api.depends("product_id")
    def _compute_base_price(self):
        for offer in self:
            if offer.product_id and not offer.base_price:
                offer.base_price = offer.product_id.lst_price

    @api.depends("quota", "base_price", "tier_ids.price", "tier_ids.min_quantity")
    def _compute_quantities(self):
        quantities = self._get_quantities()
        used = self._get_quota_use()
        for offer in self:
            paid, held = quantities.get(offer._origin.id, (0, 0))
            offer.paid_quantity = paid
            offer.held_quantity = held
            quota = offer._get_quota()
            taken = sum(used.get(offer._origin.id, (0, 0)))
            offer.remaining = max(quota - taken, 0) if quota else -1
            offer.price = offer.final_price or offer._get_price(paid)
            next_tier = not offer.outcome and offer._get_next_tier(paid)
            offer.next_quantity = next_tier.min_quantity if next_tier else 0
            offer.next_price = next_tier.price if next_tier else 0.0

    # === CRUD === #

    def write(self, vals):
        if not AGREED_FIELDS.isdisjoint(vals) or "quota" in vals:
            self._check_agreed(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_joined(self):
        self._check_agreed({"product_id": False})

    def _check_agreed(self, vals):
        """Refuse to change what residents who joined have agreed to."""
        quantities = self._get_quantities()
        used = self._get_quota_use() if vals.get("quota") else {}
        for offer in self:
            taken = sum(used.get(offer.id, (0, 0)))
            if 0 < (vals.get("quota") or 0) < taken:
                raise UserError(
                    self.env._(
                        "%(product)s: %(taken)s pieces are taken, the quota cannot be "
                        "lower.",
                        product=offer.product_id.display_name,
                        taken=taken,
                    )
                )
            if not sum(quantities.get(offer.id, (0, 0))):
                continue
            changed = [
                name
                for name in AGREED_FIELDS & set(vals)
                if name == "tier_ids"
                or offer._fields[name].convert_to_write(offer[name], offer)
                != vals[name]
            ]
            if changed:
                raise UserError(
                    self.env._(
                        "%s: residents have joined already; product, prices, minimum "
                        "and pack size can no longer change.",
                        offer.product_id.display_name,
                    )
                )

    def copy_data(self, default=None):
        """Override: a copy of an offer that shares a quota has that quota for itself,
        not none."""
        vals_list = super().copy_data(default)
        for offer, vals in zip(self, vals_list, strict=True):
            if offer.quota_offer_id and "quota_offer_id" not in vals:
                vals["quota"] = offer._get_quota()
        return vals_list

    # === BUSINESS METHODS === #

    def _get_product_name(self):
        """:return: the product's name as residents may read it"""
        # Residents may read what is offered to them, whoever may read the product.
        product_sudo = self.sudo().product_id
        return product_sudo.with_context(display_default_code=False).display_name

    def _get_price(self, quantity):
        """:return: the unit price when `quantity` pieces are bought together"""
        self.ensure_one()
        reached = self.tier_ids.filtered(lambda tier: tier.min_quantity <= quantity)
        return min(reached.mapped("price"), default=self.base_price)

    def _get_next_tier(self, quantity):
        """:return: the first tier that `quantity` pieces do not reach, or none"""
        self.ensure_one()
        return self.tier_ids.filtered(lambda tier: tier.min_quantity > quantity).sorted(
            "min_quantity"
        )[:1]

    def _get_outcome(self, success, quantity, lowest):
        """Decide this offer's outcome and final price.

        The final price is the tier of what was paid by everyone, but nobody pays more
        than was shown when joining, and all pay the same: so the lowest price shown.

        :param bool success: whether the campaign reached its goal
        :param int quantity: pieces paid
        :param float lowest: the lowest price shown to anyone who paid
        :return: ("success" or "failure", final unit price or 0.0)
        """
        self.ensure_one()
        if success and quantity > 0 and quantity >= self.min_quantity:
            return "success", min(self._get_price(quantity), lowest)
        return "failure", 0.0

    def _fix_outcome(self, success, quantity, lowest):
        """Fix this offer's final quantity and price, see :meth:`_get_outcome`."""
        outcome, price = self._get_outcome(success, quantity, lowest)
        self.write(
            {"outcome": outcome, "final_quantity": quantity, "final_price": price}
        )

    def _get_quantities(self):
        """Count from the holds, the only place where quantities are kept.

        :return: {offer id: (pieces paid, pieces held and not expired)}
        """
        if not self._origin.ids:
            return {}
        self.env["groupbuy.hold"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT offer_id,
                       COALESCE(SUM(quantity) FILTER (WHERE state = 'paid'), 0),
                       COALESCE(SUM(quantity) FILTER (WHERE state = 'held'), 0)
                  FROM groupbuy_hold
                 WHERE offer_id IN %s
                   AND (state = 'paid' OR state = 'held' AND expires_at > %s)
              GROUP BY offer_id
                """,
                tuple(self._origin.ids),
                fields.Datetime.now(),
            )
        )
        return {offer_id: (paid, held) for offer_id, paid, held in rows}

    def _get_quota(self):
        """:return: pieces for sale in all, whoever shares them; 0 for no limit"""
        self.ensure_one()
        # The campaign whose quota is shared may not be published.
        return (self.quota_offer_id.sudo() or self).quota

    def _get_quota_use(self):
        """Count from the holds what is taken of each offer's quota, by this offer and
        all that share it.

        :return: {offer id: (pieces paid, pieces held and not expired)}
        """
        if not self._origin.ids:
            return {}
        self.flush_model(["quota_offer_id"])
        self.env["groupbuy.hold"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id,
                       COALESCE(SUM(h.quantity) FILTER (WHERE h.state = 'paid'), 0),
                       COALESCE(SUM(h.quantity) FILTER (WHERE h.state = 'held'), 0)
                  FROM groupbuy_offer AS o
                  JOIN groupbuy_offer AS sharing
                    ON sharing.id = COALESCE(o.quota_offer_id, o.id)
                    OR sharing.quota_offer_id = COALESCE(o.quota_offer_id, o.id)
                  JOIN groupbuy_hold AS h ON h.offer_id = sharing.id
                 WHERE o.id IN %s
                   AND (h.state = 'paid' OR h.state = 'held' AND h.expires_at > %s)
              GROUP BY o.id
                """,
                tuple(self._origin.ids),
                fields.Datetime.now(),
            )
        )
        return {offer_id: (paid, held) for offer_id, paid, held in rows}
