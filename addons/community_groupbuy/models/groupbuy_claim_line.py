from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

# What a decision is about, and what follows from carrying it out.
DECIDED = {
    "claim_id", "sale_line_id", "quantity", "reason_id", "decision", "goods_to",
    "refund_quantity", "allowance_amount",
}  # fmt: skip
CARRIED_OUT = {
    "decided_at", "decided_by_id", "settled_at", "returned_quantity", "refund_amount",
}  # fmt: skip


class GroupbuyClaimLine(models.Model):
    _name = "groupbuy.claim.line"
    _description = "After-sales Request Line"
    _order = "claim_id, id"
    _rec_name = "product_id"

    claim_id = fields.Many2one(
        "groupbuy.claim", required=True, index=True, ondelete="cascade"
    )
    order_id = fields.Many2one(related="claim_id.order_id", store=True, index=True)
    partner_id = fields.Many2one(related="claim_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(related="claim_id.company_id", store=True)
    currency_id = fields.Many2one(related="claim_id.currency_id")
    campaign_id = fields.Many2one(
        related="claim_id.campaign_id", string="Group Buy", store=True
    )
    pickup_point_id = fields.Many2one(related="claim_id.pickup_point_id", store=True)
    claim_state = fields.Selection(related="claim_id.state", string="Request Status")
    sale_line_id = fields.Many2one(
        "sale.order.line",
        string="Ordered",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('order_id', '=', order_id), ('reward_id', '=', False)]",
    )
    product_id = fields.Many2one(
        related="sale_line_id.product_id", store=True, index=True
    )
    product_uom_id = fields.Many2one(related="sale_line_id.product_uom_id")
    quantity = fields.Float(digits="Product Unit", default=1, required=True)
    reason_id = fields.Many2one(
        "groupbuy.claim.reason", required=True, index=True, ondelete="restrict"
    )
    wish = fields.Selection(
        [("refund", "Money Back"), ("return", "Return the Goods")],
        default="refund",
        required=True,
    )
    note = fields.Text(string="What Is Wrong")
    photo_ids = fields.Many2many("ir.attachment", string="Photos")

    decision = fields.Selection(
        [
            ("refund", "Refund, Nothing Comes Back"),
            ("return", "Refund When the Goods Are Back"),
            ("allowance", "Allowance"),
            ("rejected", "Reject"),
        ],
    )
    refund_quantity = fields.Float(
        string="Refund Pieces",
        digits="Product Unit",
        compute="_compute_refund_quantity",
        store=True,
        readonly=False,
    )
    allowance_amount = fields.Monetary(help="With tax; the resident keeps the goods.")
    goods_to = fields.Selection(
        [("scrap", "Scrap"), ("stock", "Back to the Warehouse")],
        string="Returned Goods",
        compute="_compute_goods_to",
        store=True,
        readonly=False,
    )
    answer = fields.Text(help="Shown to the resident.")
    decided_at = fields.Datetime(readonly=True, copy=False)
    decided_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    settled_at = fields.Datetime(readonly=True, copy=False)
    returned_quantity = fields.Float(
        string="Came Back", digits="Product Unit", readonly=True, copy=False
    )
    refund_amount = fields.Monetary(string="Given Back", readonly=True, copy=False)
    open_quantity = fields.Float(
        compute="_compute_open_quantity",
        store=True,
        digits="Product Unit",
        help="Pieces that cannot be claimed again.",
    )
    move_ids = fields.One2many("stock.move", "groupbuy_claim_line_id")

    _quantity_check = models.Constraint(
        "CHECK(quantity > 0)", "A request is about at least one piece."
    )

    @api.depends("quantity")
    def _compute_refund_quantity(self):
        for line in self:
            line.refund_quantity = line.quantity

    @api.depends("reason_id.is_defect")
    def _compute_goods_to(self):
        for line in self:
            line.goods_to = "scrap" if line.reason_id.is_defect else "stock"

    @api.depends(
        "quantity",
        "refund_quantity",
        "returned_quantity",
        "decision",
        "decided_at",
        "settled_at",
        "claim_id.withdrawn_at",
    )
    def _compute_open_quantity(self):
        for line in self:
            if line.claim_id.withdrawn_at:
                line.open_quantity = 0
            elif not line.decided_at or line.decision == "allowance":
                line.open_quantity = line.quantity
            elif line.settled_at:
                # Refunded pieces count as delivered no longer.
                line.open_quantity = 0
            else:
                line.open_quantity = line.refund_quantity - line.returned_quantity

    @api.constrains("sale_line_id", "quantity", "reason_id", "claim_id")
    def _check_claimable(self):
        claimable = self.sale_line_id._get_claimable()
        for line in self:
            if line.sale_line_id.order_id != line.claim_id.order_id:
                raise ValidationError(
                    self.env._("These goods belong to another order.")
                )
            # Its own pieces are among the open ones already.
            if line.product_uom_id.compare(claimable[line.sale_line_id], 0) < 0:
                raise ValidationError(
                    self.env._(
                        "Of %(product)s, %(quantity)s can be complained about: what "
                        "was received, less what requests exist for already.",
                        product=line.product_id.display_name,
                        quantity=max(
                            claimable[line.sale_line_id] + line.open_quantity, 0
                        ),
                    )
                )
            line._check_window()

    def _check_window(self):
        """:raise ValidationError: too early or too late for this reason"""
        order = self.claim_id.order_id
        deadline = order._groupbuy_get_claim_deadline()
        if self.env.user._groupbuy_is_operator():
            # Operators may be lenient.
            return
        if not deadline:
            if not self.reason_id.is_defect:
                raise ValidationError(
                    self.env._(
                        "Goods can be returned without a defect once you have "
                        "received the whole order."
                    )
                )
            return
        if fields.Datetime.now() > deadline:
            raise ValidationError(
                self.env._(
                    "After-sales requests are possible for %s days after the order "
                    "was received.",
                    order.company_id.groupbuy_claim_days,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_by_hand(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Override to keep what was decided as it was decided."""
        self._check_by_hand(vals)
        if set(vals) & DECIDED and not self.env.su and self.filtered("decided_at"):
            raise UserError(self.env._("This has been decided already."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        if self.filtered("decided_at"):
            raise UserError(self.env._("This has been decided already."))

    def _check_by_hand(self, vals):
        if set(vals) & CARRIED_OUT and not self.env.su:
            raise UserError(
                self.env._("Write your decision and choose *Carry Out Decisions*.")
            )

    # === DECISION === #

    def _check_decision(self):
        """:raise UserError: something is missing for the decision of a line"""
        for line in self:
            name = line.product_id.display_name
            if line.decision == "rejected" and not (line.answer or "").strip():
                raise UserError(
                    self.env._("Tell the resident why you reject: %s.", name)
                )
            if line.decision in ("refund", "return") and not (
                0 < line.refund_quantity <= line.quantity
            ):
                raise UserError(
                    self.env._(
                        "Refund between 1 and %(quantity)s pieces of %(product)s.",
                        quantity=line.quantity,
                        product=name,
                    )
                )
            if line.decision == "allowance" and line.allowance_amount <= 0:
                raise UserError(
                    self.env._("Write how much you give back for %s.", name)
                )

    def _carry_out(self):
        """Carry out what was decided about these lines."""
        self._check_decision()
        now = fields.Datetime.now()
        self.write({"decided_at": now, "decided_by_id": self.env.uid})
        by_decision = self.grouped("decision")
        none = self.browse()
        by_decision.get("rejected", none).settled_at = now
        for line in by_decision.get("allowance", none):
            line._allow()
        waited = by_decision.get("return", none)
        waited._plan_takeback()
        kept = by_decision.get("refund", none)
        # Nobody carries worthless goods back: they are written off where they are.
        kept.goods_to = "scrap"
        kept._plan_takeback()._groupbuy_bring_back()

    def _allow(self):
        self.ensure_one()
        with self.claim_id._giving_back({self: 1}):
            self.order_id._groupbuy_allow(
                self.sale_line_id,
                self.allowance_amount,
                self._get_refund_reason(),
                tell=False,
            )
        self.settled_at = fields.Datetime.now()

    def _get_refund_reason(self):
        claim = self.claim_id.with_context(lang=self.partner_id.lang)
        return claim.env._("After-sales request %s", claim.name)
