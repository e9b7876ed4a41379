from odoo import api, fields, models
from odoo.exceptions import UserError


class GroupbuyPayout(models.Model):
    """Payouts that were paid and came back, as when a bank returns them later.

    The payment stays in the books, since the money did leave; another entry takes it
    back, and the bills that it had settled are open again.
    """

    _inherit = "groupbuy.payout"

    return_move_id = fields.Many2one(
        "account.move",
        string="Entry of the Return",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    # What has come back is in transit until a statement of the bank shows it.
    return_is_matched = fields.Boolean(
        compute="_compute_return_is_matched", store=True, string="Return on a Statement"
    )

    @api.depends("return_move_id.line_ids.amount_residual", "payment_id")
    def _compute_return_is_matched(self):
        for payout in self:
            payout.return_is_matched = not payout._get_transit_items(
                payout.return_move_id
            ).filtered("amount_residual")

    def action_came_back(self, reason):
        """Note that the bank has returned payouts after it had paid them: the payment
        is reversed, and the payee can withdraw the money again.

        :param str reason: shown to the payee
        :raise AccessError: the user is no operator
        :raise UserError: there is no reason, or these were not paid through the bank
        """
        if not isinstance(reason, str) or not reason.strip():
            raise UserError(self.env._("Write the reason first."))
        payouts_sudo = self._for_operator("paid")
        payouts_sudo._check_by_hand()
        payouts_sudo._come_back(reason.strip()[:500])

    def _come_back(self, reason):
        for payout in self:
            payout._reverse()
        self._end("returned", reason)

    def _reverse(self):
        """Take the payment back; a payout that was not booked yet never will be."""
        self.ensure_one()
        payment = self.payment_id
        if not payment:
            return
        today = self.company_id._get_groupbuy_date(fields.Datetime.now())
        move = payment.move_id.with_context(tracking_disable=True)
        reversal = move._reverse_moves(
            [{"date": today, "ref": self.env._("%s came back", self.name)}]
        )
        reversal._post(soft=False)
        self.return_move_id = reversal
        items = (move | reversal).line_ids
        owed = items.filtered(
            lambda item: item.account_id == payment.destination_account_id
        )
        owed.remove_move_reconcile()
        owed.reconcile()
        # Unless a statement shows that it left: then another shows that it came back.
        left = self._get_transit_items(move | reversal)
        if not left.filtered("reconciled") and left.account_id.reconcile:
            left.reconcile()

    def _get_transit_items(self, moves):
        """:return: the items of `moves` on the account that the payment left"""
        payment = self.payment_id
        return moves.line_ids.filtered(
            lambda item: item.account_id == payment.outstanding_account_id
        )
