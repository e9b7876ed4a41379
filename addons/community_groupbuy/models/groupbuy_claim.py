from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class GroupbuyClaim(models.Model):
    """What a resident asks for after having received goods, until it is settled."""

    _name = "groupbuy.claim"
    _description = "After-sales Request"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "create_date desc, id desc"
    # Residents answer on the request's own page.
    _mail_post_access = "read"

    name = fields.Char(string="Number", copy=False, readonly=True, default="/")
    order_id = fields.Many2one(
        "sale.order",
        required=True,
        index=True,
        ondelete="restrict",
        domain=[("state", "=", "sale")],
    )
    partner_id = fields.Many2one(
        related="order_id.partner_id", string="Resident", store=True, index=True
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    campaign_id = fields.Many2one(
        related="order_id.groupbuy_campaign_id",
        string="Group Buy",
        store=True,
        index="btree_not_null",
    )
    pickup_point_id = fields.Many2one(
        related="order_id.pickup_point_id", store=True, index="btree_not_null"
    )
    line_ids = fields.One2many("groupbuy.claim.line", "claim_id", string="Goods")
    product_names = fields.Char(compute="_compute_product_names", string="Products")
    user_id = fields.Many2one(
        "res.users",
        string="Handled By",
        tracking=True,
        domain=[("share", "=", False)],
    )
    withdrawn_at = fields.Datetime(readonly=True, copy=False)
    state = fields.Selection(
        [
            ("submitted", "To Review"),
            ("in_progress", "In Progress"),
            ("waiting", "Waiting for Goods"),
            ("done", "Settled"),
            ("rejected", "Rejected"),
            ("cancelled", "Withdrawn"),
        ],
        compute="_compute_state",
        store=True,
        index=True,
        tracking=True,
        group_expand=True,
    )
    refund_amount = fields.Monetary(
        string="Given Back", compute="_compute_refund_amount", store=True
    )
    credit_note_ids = fields.Many2many(
        "account.move", string="Credit Notes", readonly=True, copy=False
    )
    refund_ids = fields.Many2many(
        "payment.transaction", string="Refunds", readonly=True, copy=False
    )
    picking_ids = fields.One2many(
        "stock.picking", "groupbuy_claim_id", string="Goods Coming Back"
    )
    origin_claim_id = fields.Many2one(
        "groupbuy.claim",
        string="Asked Because Of",
        readonly=True,
        index="btree_not_null",
        copy=False,
        help="The request of another buyer of the same goods.",
    )
    ask_ids = fields.One2many("groupbuy.claim.ask", "claim_id", string="Asked")
    ask_count = fields.Integer(compute="_compute_ask_count", string="Buyers Asked")
    ask_yes_count = fields.Integer(compute="_compute_ask_count", string="Had It Too")

    @api.depends(
        "withdrawn_at",
        "user_id",
        "line_ids.decision",
        "line_ids.decided_at",
        "line_ids.settled_at",
    )
    def _compute_state(self):
        for claim in self:
            lines = claim.line_ids
            if claim.withdrawn_at:
                claim.state = "cancelled"
            elif not all(lines.mapped("decided_at")):
                started = claim.user_id or any(lines.mapped("decided_at"))
                claim.state = "in_progress" if started else "submitted"
            elif not all(lines.mapped("settled_at")):
                claim.state = "waiting"
            elif set(lines.mapped("decision")) == {"rejected"}:
                claim.state = "rejected"
            else:
                claim.state = "done"

    @api.depends("line_ids.refund_amount")
    def _compute_refund_amount(self):
        for claim in self:
            claim.refund_amount = sum(claim.line_ids.mapped("refund_amount"))

    @api.depends("line_ids.product_id")
    def _compute_product_names(self):
        for claim in self:
            claim.product_names = ", ".join(claim.line_ids.product_id.mapped("name"))

    @api.depends("ask_ids.answer_claim_id")
    def _compute_ask_count(self):
        for claim in self:
            claim.ask_count = len(claim.ask_ids)
            claim.ask_yes_count = len(claim.ask_ids.filtered("answer_claim_id"))

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for claim in self:
            claim.access_url = f"/my/groupbuy/claim/{claim.id}"
        return result

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                vals["name"] = self.env["ir.sequence"].next_by_code("groupbuy.claim")
        claims = super().create(vals_list)
        for claim in claims:
            if not claim.line_ids:
                raise UserError(
                    claim.env._("Choose what the after-sales request is about.")
                )
            claim.message_subscribe(claim.partner_id.ids)
        # Two requests for the same pieces at once collide here; one starts over.
        claims.order_id.sudo().groupbuy_claimed_at = fields.Datetime.now()
        return claims

    # === RESIDENT === #

    def action_withdraw(self):
        """Withdraw requests of which nothing has been settled yet.

        :raise UserError: not one's own, or something has been settled
        """
        # Residents have no write access; these are their own.
        claims_sudo = self.sudo()
        own = claims_sudo.partner_id == self.env.user.partner_id
        if not own and not self._is_operator():
            raise AccessError(self.env._("You can withdraw your own requests only."))
        for claim_sudo in claims_sudo:
            if claim_sudo.withdrawn_at or any(claim_sudo.line_ids.mapped("settled_at")):
                raise UserError(
                    self.env._("This request was decided: it cannot be withdrawn.")
                )
        claims_sudo.withdrawn_at = fields.Datetime.now()
        claims_sudo.picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        ).action_cancel()

    def _is_operator(self):
        return self.env.su or self.env.user._groupbuy_is_operator()

    # === OPERATOR === #

    def action_start(self):
        """Take these requests in hand: residents see that somebody does."""
        self.filtered(lambda claim: not claim.user_id).user_id = self.env.user

    def action_decide(self):
        """Carry out the decisions written on the lines, all those not yet carried out.

        :raise UserError: nothing is decided, or a decision lacks something
        """
        self.check_access("write")
        if self.filtered("withdrawn_at"):
            raise UserError(self.env._("This request was withdrawn by the resident."))
        lines = self.line_ids.filtered(
            lambda line: line.decision and not line.decided_at
        )
        if not lines:
            raise UserError(self.env._("Decide about at least one of the goods first."))
        self.action_start()
        # Operators need no rights on invoices and goods for what they decide here.
        lines_sudo = lines.sudo().with_context(groupbuy_deciding=True)
        lines_sudo._carry_out()
        for claim_sudo in self.sudo():
            claim_sudo._tell(lines_sudo & claim_sudo.line_ids)

    def action_receive_goods(self):
        """Record that all goods that were to come back have come: they are refunded.

        :raise UserError: no goods are waited for
        :raise AccessError: the user neither is an operator nor runs the point
        """
        # Whoever runs the point needs no rights on requests and goods.
        claims_sudo = self.sudo()
        for claim_sudo in claims_sudo:
            point_sudo = claim_sudo.pickup_point_id
            if not self._is_operator() and not (
                point_sudo and point_sudo._can_be_run_by(self.env.user)
            ):
                raise AccessError(
                    self.env._("This is not a pickup point that you run.")
                )
        pickings_sudo = claims_sudo.picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )
        if not pickings_sudo:
            raise UserError(self.env._("No goods of this request are to come back."))
        pickings_sudo._groupbuy_bring_back()

    def action_give_up_goods(self):
        """Wait no longer for goods that were to come back.

        :raise UserError: no goods are waited for
        """
        self.check_access("write")
        pickings_sudo = self.sudo().picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )
        if not pickings_sudo:
            raise UserError(self.env._("No goods of this request are to come back."))
        pickings_sudo.action_cancel()

    def action_ask_others(self):
        """Ask the other buyers of the same offers whether they had the problem too.

        Once per request and one level deep: an answer to such a question asks nobody.

        :return: a notification of how many were asked
        :raise UserError: no defect was accepted, asked already, or nobody else bought
        """
        self.ensure_one()
        self.check_access("write")
        asks = self.env["groupbuy.claim.ask"]._ask(self)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s buyers are being asked.", len(asks)),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _get_ask_lines(self):
        """:return: the lines about whose defect others may be asked"""
        self.ensure_one()
        if self.origin_claim_id:
            return self.line_ids.browse()
        return self.line_ids.filtered(
            lambda line: (
                line.decided_at
                and line.decision != "rejected"
                and line.reason_id.is_defect
                and line.sale_line_id.groupbuy_offer_id
            )
        )

    # === MONEY === #

    def _get_refunds(self):
        """:return: the refunds of this request, sent or yet to be sent"""
        self.ensure_one()
        # Residents see what comes back to them.
        return self.sudo().refund_ids.filtered(lambda tx: tx.state != "cancel")

    @contextmanager
    def _giving_back(self, weights):
        """Keep what is credited and refunded meanwhile, and share it among the lines.

        To the fen: what rounding leaves goes to the last line.

        :param dict weights: {line of this request: its part of what is given back}
        """
        self.ensure_one()
        order = self.order_id
        total = order.amount_total
        refunds = order._groupbuy_get_refunds()
        credit_notes = order._groupbuy_get_credit_notes()
        yield
        self.refund_ids |= order._groupbuy_get_refunds() - refunds
        self.credit_note_ids |= order._groupbuy_get_credit_notes() - credit_notes
        left = amount = self.currency_id.round(total - order.amount_total)
        everything = sum(weights.values())
        lines = list(weights)
        for line in lines[:-1]:
            part = weights[line] / everything if everything else 0.0
            share = self.currency_id.round(amount * part)
            line.refund_amount += share
            left -= share
        lines[-1].refund_amount += self.currency_id.round(left)

    # === TELLING === #

    def _tell(self, lines):
        """Tell the resident what became of these lines."""
        self.ensure_one()
        self = self.with_context(lang=self.partner_id.lang)
        body = self.env["ir.qweb"]._render(
            "community_groupbuy.claim_decision",
            {"claim": self, "lines": lines.with_env(self.env)},
        )
        self.message_post(
            body=body,
            subject=self.env._("Your after-sales request %s", self.name),
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.partner_id.ids,
        )

    def action_view_order(self):
        """:return: the action that opens the order"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "view_mode": "form",
        }

    def action_view_asked(self):
        """:return: the action that lists who was asked"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.groupbuy_claim_ask_action"
        )
        action["domain"] = [("claim_id", "=", self.id)]
        return action
