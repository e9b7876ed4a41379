from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class GroupbuyClaimAsk(models.Model):
    """The question to another buyer: did you have this problem too?"""

    _name = "groupbuy.claim.ask"
    _description = "Same Problem?"
    _inherit = ["portal.mixin"]
    _order = "id"
    _rec_name = "claim_line_id"

    claim_id = fields.Many2one(
        related="claim_line_id.claim_id", store=True, index=True, string="Request"
    )
    claim_line_id = fields.Many2one(
        "groupbuy.claim.line",
        string="Problem",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    sale_line_id = fields.Many2one(
        "sale.order.line",
        string="Bought",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    order_id = fields.Many2one(related="sale_line_id.order_id", store=True, index=True)
    partner_id = fields.Many2one(
        related="sale_line_id.order_id.partner_id",
        string="Resident",
        store=True,
        index=True,
    )
    product_id = fields.Many2one(related="sale_line_id.product_id")
    reason_id = fields.Many2one(related="claim_line_id.reason_id")
    answer_claim_id = fields.Many2one(
        "groupbuy.claim", string="Answer", readonly=True, index="btree_not_null"
    )

    _once = models.UniqueIndex(
        "(claim_line_id, sale_line_id)", "This buyer has been asked already."
    )

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for ask in self:
            ask.access_url = f"/my/groupbuy/same/{ask.id}"
        return result

    @api.model
    def _ask(self, claim):
        """Ask the other buyers of what was defect, once.

        :return: the questions
        :raise UserError: see `groupbuy.claim.action_ask_others`
        """
        if claim.ask_ids:
            raise UserError(self.env._("The other buyers have been asked already."))
        if claim.origin_claim_id:
            raise UserError(
                self.env._("This request answers such a question: it asks nobody.")
            )
        lines = claim._get_ask_lines()
        if not lines:
            raise UserError(
                self.env._(
                    "Others can be asked once you have accepted that goods of a group "
                    "buy were short, damaged or bad."
                )
            )
        # Operators read what others ordered, and write no questions by hand.
        by_offer = lines.sudo().grouped(
            lambda line: line.sale_line_id.groupbuy_offer_id
        )
        bought = self._get_other_buyers(claim, list(by_offer))
        asks_sudo = self.sudo().create(
            [
                {
                    "claim_line_id": by_offer[line.groupbuy_offer_id][:1].id,
                    "sale_line_id": line.id,
                }
                for line in bought
            ]
        )
        if not asks_sudo:
            raise UserError(self.env._("Nobody else has received these goods yet."))
        asks_sudo.with_delay(
            channel="root.groupbuy",
            description=self.env._("Ask buyers about request %s", claim.name),
        )._mail()
        return asks_sudo

    def _get_other_buyers(self, claim, offers):
        """:return: order lines of those who have received it, and can still complain"""
        days = timedelta(days=claim.company_id.groupbuy_claim_days)
        lines_sudo = self.env["sale.order.line"].sudo()
        found = lines_sudo.search(
            Domain("groupbuy_offer_id", "in", [offer.id for offer in offers])
            & Domain("order_id", "!=", claim.order_id.id)
            & Domain("state", "=", "sale")
            & Domain("qty_delivered", ">", 0)
            & (
                Domain("order_id.groupbuy_received_at", "=", False)
                | Domain(
                    "order_id.groupbuy_received_at", ">", fields.Datetime.now() - days
                )
            )
        )
        claimable = found._get_claimable()
        return found.filtered(lambda line: claimable.get(line, 0) > 0)

    def _mail(self):
        template = self.env.ref("community_groupbuy.mail_template_same_problem")
        template.send_mail_batch(self.ids)

    def _answer_yes(self):
        """:return: the request of this buyer, made now or before"""
        self.ensure_one()
        if self.answer_claim_id:
            return self.answer_claim_id
        order = self.order_id
        pieces = order._groupbuy_get_claimable().get(self.sale_line_id, 0)
        if pieces <= 0:
            raise UserError(
                self.env._("An after-sales request about these goods exists already.")
            )
        self.answer_claim_id = order._groupbuy_create_claim(
            [
                {
                    "sale_line_id": self.sale_line_id.id,
                    "quantity": pieces,
                    "reason_id": self.reason_id.id,
                    "note": self.env._("I had this problem too."),
                }
            ],
            origin_claim_id=self.claim_id.id,
        )
        return self.answer_claim_id
