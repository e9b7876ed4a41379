from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class SaleOrder(models.Model):
    _inherit = "sale.order"

    groupbuy_campaign_id = fields.Many2one(
        "groupbuy.campaign",
        string="Group Buy",
        index="btree_not_null",
        copy=False,
        readonly=True,
        ondelete="restrict",
    )
    pickup_point_id = fields.Many2one(
        "groupbuy.pickup.point",
        index="btree_not_null",
        copy=False,
        readonly=True,
        ondelete="restrict",
    )
    groupbuy_key = fields.Char(copy=False, readonly=True)
    groupbuy_amount = fields.Monetary(
        string="Amount When Joining",
        copy=False,
        readonly=True,
        help="Before coupons, with tax; the final amount is never above it.",
    )
    groupbuy_inviter_id = fields.Many2one(
        "res.partner",
        string="Invited By",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
    groupbuy_cancel_reason = fields.Selection(
        [
            ("expired", "Not paid in time"),
            ("resident", "Cancelled by the resident"),
            ("operator", "Cancelled by us"),
            ("failed", "The group buy failed"),
            ("late", "Paid too late"),
        ],
        string="Cancelled Because",
        copy=False,
        readonly=True,
    )
    groupbuy_closing_error = fields.Text(
        copy=False,
        readonly=True,
        help="Why the closing could not process this order; it is not tried again by "
        "itself.",
    )
    groupbuy_received_at = fields.Datetime(
        string="Received On",
        copy=False,
        readonly=True,
        help="When the resident had everything.",
    )
    groupbuy_status = fields.Selection(
        [
            ("to_pay", "To Pay"),
            ("waiting", "Waiting for the Group"),
            ("to_ship", "To Ship"),
            ("shipped", "Shipped"),
            ("ready", "Ready to Collect"),
            ("received", "Received"),
            ("cancelled", "Cancelled"),
            ("refunded", "Refunded"),
        ],
        compute="_compute_groupbuy_status",
        store=True,
        index="btree_not_null",
    )

    _groupbuy_key_unique = models.UniqueIndex(
        "(partner_id, groupbuy_key) WHERE groupbuy_key IS NOT NULL"
    )

    @api.depends("groupbuy_campaign_id")
    def _compute_currency_id(self):
        """Override of `sale`: a join is paid in the currency of its campaign."""
        joins = self.filtered("groupbuy_campaign_id")
        for order in joins:
            order.currency_id = order.groupbuy_campaign_id.currency_id
        return super(SaleOrder, self - joins)._compute_currency_id()

    @api.depends(
        "groupbuy_campaign_id",
        "pickup_point_id",
        "state",
        "groupbuy_received_at",
        "order_line.product_uom_qty",
        "picking_ids.groupbuy_stage",
        "picking_ids.state",
        "transaction_ids.child_transaction_ids.state",
    )
    def _compute_groupbuy_status(self):
        for order in self:
            # An ordinary cart is no order yet, wherever it will be collected.
            ordered = order.groupbuy_campaign_id or (
                order.pickup_point_id and order.state in ("sale", "cancel")
            )
            order.groupbuy_status = ordered and order._get_groupbuy_status()

    def _get_groupbuy_status(self):
        if self.state == "cancel":
            refunds = self.transaction_ids.child_transaction_ids
            refunded = any(refund.state == "done" for refund in refunds)
            return "refunded" if refunded else "cancelled"
        if self.state != "sale":
            return "waiting" if self.state == "sent" else "to_pay"
        if not self._groupbuy_has_goods():
            return "refunded"
        if self.groupbuy_received_at:
            return "received"
        open_pickings = self.picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )
        stages = set(open_pickings.mapped("groupbuy_stage"))
        if stages == {"point"}:
            return "ready"
        sent = self.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "door" and picking.state == "done"
        )
        on_the_way = sent or "way" in stages or "point" in stages
        return "shipped" if on_the_way else "to_ship"

    # === CART === #

    def _is_groupbuy_join(self):
        return bool(self.groupbuy_campaign_id) and self.state == "draft"

    def _cart_add(self, *args, **kwargs):
        """Override of `website_sale`: other goods go to a cart of their own."""
        self._check_not_groupbuy()
        return super()._cart_add(*args, **kwargs)

    def _cart_update_line_quantity(self, *args, **kwargs):
        """Override of `website_sale`: a join's quantities are what is held."""
        self._check_not_groupbuy()
        return super()._cart_update_line_quantity(*args, **kwargs)

    def _check_not_groupbuy(self):
        if self.groupbuy_campaign_id:
            raise UserError(
                self.env._(
                    "You are paying a group buy. Pay or cancel it before you change "
                    "your cart."
                )
            )

    def _get_delivery_methods(self):
        """Override of `website_sale`: a join is collected at its pickup point."""
        if self.groupbuy_campaign_id:
            return self.carrier_id
        return super()._get_delivery_methods()

    def _needs_customer_address(self):
        """Override of `website_sale`: goods collected at a point need no address."""
        return not self.groupbuy_campaign_id and super()._needs_customer_address()

    def _recompute_taxes(self):
        """Override of `sale`: a join keeps the taxes that it was shown with."""
        others = self.filtered(lambda order: not order.groupbuy_campaign_id)
        return others and super(SaleOrder, others)._recompute_taxes()

    def _recompute_prices(self):
        """Override of `sale`: a join keeps the prices that it was shown."""
        others = self.filtered(lambda order: not order.groupbuy_campaign_id)
        return others and super(SaleOrder, others)._recompute_prices()

    def _check_cart_is_ready_to_be_paid(self):
        """Override of `website_sale` to demand that the pieces are still held."""
        if self.groupbuy_campaign_id and not self._is_held():
            raise ValidationError(
                self.env._("The time to pay has run out. Please join again.")
            )
        return super()._check_cart_is_ready_to_be_paid()

    def _get_groupbuy_holds(self):
        return self.env["groupbuy.hold"].search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("key", "in", self.mapped("groupbuy_key")),
            ]
        )

    def _is_held(self):
        """Whether every piece of this join is still held, so that it can be paid."""
        self.ensure_one()
        holds = self._get_groupbuy_holds()
        now = fields.Datetime.now()
        return bool(holds) and all(
            hold.state == "paid" or (hold.state == "held" and hold.expires_at > now)
            for hold in holds
        )

    def _filter_can_send_abandoned_cart_mail(self):
        """Override of `website_sale`: a join that runs out is no abandoned cart."""
        carts = self.filtered(lambda order: not order.groupbuy_campaign_id)
        return super(SaleOrder, carts)._filter_can_send_abandoned_cart_mail()

    # === CONFIRMATION === #

    def _is_confirmation_amount_reached(self):
        """Override of `sale`: a paid join waits for the campaign to close."""
        if self.groupbuy_campaign_id:
            return False
        return super()._is_confirmation_amount_reached()

    def _confirmation_error_message(self):
        """Override of `sale`: only the closing of its campaign confirms a join."""
        if self.groupbuy_campaign_id and not self.env.context.get("groupbuy_closing"):
            return self.env._(
                "A group-buy order is confirmed when its campaign closes."
            )
        return super()._confirmation_error_message()

    def _validate_order(self):
        """Override of `sale`: a join that coupons pay whole takes part as it is."""
        joins = self.filtered("groupbuy_campaign_id")
        for order in joins:
            order._groupbuy_receive()
        others = self - joins
        if others:
            return super(SaleOrder, others)._validate_order()

    def action_draft(self):
        """Override of `sale`: a join that ended has given its pieces back."""
        if self.filtered("groupbuy_campaign_id"):
            raise UserError(self.env._("A cancelled group-buy order stays cancelled."))
        return super().action_draft()

    # === PORTAL === #

    def _get_groupbuy_url(self):
        self.ensure_one()
        return f"/my/groupbuy/{self.id}?access_token={self._portal_ensure_token()}"

    def _get_groupbuy_expiry(self):
        """:return: until when this join can be paid, UTC"""
        self.ensure_one()
        return min(self._get_groupbuy_holds().mapped("expires_at"), default=False)

    def _groupbuy_savings(self):
        """:return: what the group has saved this resident against the base prices"""
        self.ensure_one()
        return sum(
            (line.groupbuy_offer_id.base_price - line.price_unit) * line.product_uom_qty
            for line in self.order_line
            if line.groupbuy_offer_id
        )
