from odoo import api, fields, models
from odoo.exceptions import UserError

from .product_template_review import REVIEWED

# All that operators write on a review; the rest follows from its buttons.
WRITABLE = {"reason", "line_ids", "activity_ids", "message_follower_ids"}


class GroupbuyProductReview(models.Model):
    """What a merchant wants to sell, or to change about it, for operators to decide.

    The product that residents see stays as it is until then.
    """

    _name = "groupbuy.product.review"
    _description = "Product Review"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "product_tmpl_id"

    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    merchant_id = fields.Many2one(
        "groupbuy.merchant",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="merchant_id.company_id", store=True)
    kind = fields.Selection(
        [("new", "New Product"), ("change", "Change")], required=True, readonly=True
    )
    state = fields.Selection(
        [
            ("pending", "To Review"),
            ("approved", "Approved"),
            ("declined", "Declined"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        readonly=True,
        default="pending",
        tracking=True,
        index=True,
        group_expand=True,
    )
    line_ids = fields.One2many(
        "groupbuy.product.review.line", "review_id", string="Changes"
    )
    image_before = fields.Image(readonly=True, max_width=1920, max_height=1920)
    image_after = fields.Image(readonly=True, max_width=1920, max_height=1920)
    reason = fields.Text(tracking=True, help="Shown to the merchant.")
    submitted_by_id = fields.Many2one("res.users", readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)

    _pending_unique = models.UniqueIndex(
        "(product_tmpl_id) WHERE state = 'pending'",
        "There is a review of this product already.",
    )

    def write(self, vals):
        """Override: what merchants wrote, and what was decided, stays as it is."""
        if not self.env.su:
            if set(vals) - WRITABLE:
                raise UserError(
                    self.env._("Decide with the buttons; the rest is the merchant's.")
                )
            self._check_pending()
        return super().write(vals)

    # === SUBMIT === #

    @api.model
    def _submit(self, template, changes):
        """Ask operators to review a product; what waited before is withdrawn.

        :param template: the product, sudoed
        :param dict changes: {name in REVIEWED: (before, after)}
        :return: the review
        """
        self._withdraw(template)
        # One may wait at a time, also for the database.
        self.flush_model(["state"])
        review = self.create(
            {
                "product_tmpl_id": template.id,
                "merchant_id": template.groupbuy_merchant_id.id,
                "kind": "change" if template.groupbuy_reviewed else "new",
                "submitted_by_id": self.env.uid,
                "image_before": changes.get("image", (False, False))[0],
                "image_after": changes.get("image", (False, False))[1],
            }
        )
        self.env["groupbuy.product.review.line"].create(
            [
                review._prepare_line(name, *changes[name])
                for name in REVIEWED
                if name in changes
            ]
        )
        return review

    @api.model
    def _withdraw(self, template):
        """End what waits for the operators about a product."""
        template._groupbuy_get_pending_review().write({"state": "withdrawn"})

    def _prepare_line(self, name, before, after):
        line_model = self.env["groupbuy.product.review.line"]
        return {
            "review_id": self.id,
            "name": name,
            "before": line_model._format(self.merchant_id, name, before),
            "after": line_model._format(self.merchant_id, name, after),
            "value": None if name == "image" else {"value": after},
        }

    # === DECIDE === #

    def action_approve(self):
        """Accept everything, whatever was marked on the lines.

        :raise AccessError: the user is no operator
        :raise UserError: decided or withdrawn already
        """
        self._check_operator()
        self._check_pending()
        self.sudo().line_ids.write({"decision": "accept", "reason": False})
        self._carry_out()

    def action_decline(self):
        """Decline everything; `reason` tells the merchant why.

        :raise UserError: there is no reason, decided or withdrawn already
        """
        self._check_operator()
        self._check_pending()
        self.sudo().line_ids.write({"decision": "decline"})
        self._carry_out()

    def action_decide(self):
        """Carry out what was marked on the lines. A new product is put on sale only
        when everything about it is accepted; of a change, what is accepted applies.

        :raise UserError: a declined line has no reason, decided or withdrawn already
        """
        self._check_operator()
        self._check_pending()
        self._carry_out()

    def _check_operator(self):
        self.env.user._groupbuy_check_operator()
        self.check_access("write")

    def _check_pending(self):
        if self.filtered(lambda review: review.state != "pending"):
            raise UserError(
                self.env._("This was decided, or the merchant has taken it back.")
            )

    def _carry_out(self):
        template_sudo = self.env.ref("groupbuy_merchant.mail_template_review").sudo()
        # Operators have no rights on products, and write nothing else of reviews.
        for review_sudo in self.sudo():
            declined = review_sudo.line_ids.filtered(
                lambda line: line.decision == "decline"
            )
            review_sudo._check_reasons(declined)
            accepted = review_sudo.line_ids - declined
            product = review_sudo.product_tmpl_id
            if review_sudo.kind == "change":
                product._groupbuy_write_content(accepted._get_content())
                if "price" in accepted.mapped("name"):
                    product.groupbuy_reviewed_price = product.list_price
                state = "approved" if accepted else "declined"
            else:
                state = "declined" if declined else "approved"
                if not declined:
                    product._groupbuy_approve()
            review_sudo.write(
                {
                    "state": state,
                    "decided_by_id": self.env.uid,
                    "decided_at": fields.Datetime.now(),
                }
            )
            template_sudo.send_mail(review_sudo.id)

    def _check_reasons(self, declined):
        for line in declined:
            if not (line.reason or self.reason or "").strip():
                raise UserError(
                    self.env._(
                        "%(product)s: tell the merchant why you decline: %(change)s.",
                        product=self.product_tmpl_id.name,
                        change=line._get_label(),
                    )
                )

    def _get_decision_text(self):
        """:return: what a merchant is told about this review, in a few words"""
        self.ensure_one()
        declined = "decline" in self.line_ids.mapped("decision")
        if self.state == "approved" and declined:
            return self.env._("approved in part")
        labels = dict(self._fields["state"]._description_selection(self.env))
        return labels[self.state]
