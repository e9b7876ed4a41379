from odoo import fields, models
from odoo.exceptions import UserError


class GroupbuyPayout(models.Model):
    """What operators decide about payouts."""

    _inherit = "groupbuy.payout"

    def _for_operator(self, *states):
        """:return: these payouts, sudoed and locked, once the user may decide

        :raise AccessError: the user is no operator
        :raise UserError: one is in another state, or being worked on
        """
        if not self.env.su:
            self.env.user._groupbuy_check_operator()
        self.check_access("read")
        # Nobody may write payouts as they like; what follows is one step of them.
        payouts_sudo = self.sudo()
        payouts_sudo._lock()
        if not payouts_sudo or payouts_sudo.filtered(
            lambda payout: payout.state not in states
        ):
            raise UserError(
                self.env._("This is not possible any more: the payout's state changed.")
            )
        return payouts_sudo

    def action_approve(self):
        """Approve requests: their accounts are checked and the money is there.

        :raise UserError: the account is not checked, a second person is needed, or the
            bills do not cover it any more
        """
        payouts_sudo = self._for_operator("requested")
        for payout_sudo in payouts_sudo:
            payout_sudo._check_approver(self.env.user)
            payout_sudo._check_ready()
        payouts_sudo.write(
            {
                "state": "approved",
                "approved_by_id": self.env.uid,
                "approved_at": fields.Datetime.now(),
            }
        )

    def _check_approver(self, user):
        """:raise UserError: this amount is not for this user to approve"""
        if self.payee_id == user._groupbuy_get_payee():
            raise UserError(self.env._("Nobody approves payouts to themselves."))
        limit = self.company_id.groupbuy_payout_approval_limit
        if self.currency_id.compare_amounts(self.amount, limit) <= 0:
            return
        account = self.account_id
        if user in self.requested_by_id | account.create_uid | account.checked_by_id:
            raise UserError(
                self.env._(
                    "Payouts above %s are approved by a second person: one who neither "
                    "requested it nor entered or checked the account.",
                    self.currency_id.format(limit),
                )
            )

    def _check_ready(self):
        """:raise UserError: money must not go to this account, or not so much"""
        self.ensure_one()
        if self.account_id.state != "checked" or not self.account_id.active:
            raise UserError(
                self.env._("Check the account of %s first.", self.payee_id.display_name)
            )
        # Bills may have been paid in another way meanwhile.
        bills = self.payee_id._groupbuy_get_open_bills(self.company_id)
        pending = self._sum_amounts(
            [
                ("payee_id", "=", self.payee_id.id),
                ("company_id", "=", self.company_id.id),
            ]
            + list(self._get_pending_domain())
        )
        if (
            self.currency_id.compare_amounts(
                sum(bills.mapped("amount_residual")), pending
            )
            < 0
        ):
            raise UserError(
                self.env._(
                    "The open bills of %s do not cover this any more.",
                    self.payee_id.display_name,
                )
            )

    def action_refuse(self, reason):
        """Refuse requests; the money can be withdrawn again.

        :param str reason: shown to the payee
        """
        if not isinstance(reason, str) or not reason.strip():
            raise UserError(self.env._("Write the reason first."))
        payouts_sudo = self._for_operator("requested", "approved")
        payouts_sudo._end("refused", reason.strip()[:500])

    def action_pay_by_hand(self):
        """Pay these in another way than by file or transfer, before they are sent."""
        payouts_sudo = self._for_operator("requested", "approved")
        payouts_sudo.method = "manual"

    def action_send(self):
        """Send approved payouts: transfers by jobs, bank files as one batch.

        Their state and numbers are committed before any provider is called.

        :return: the action that opens the bank file's batch, if there is one
        :raise UserError: not approved, or not covered any more
        """
        payouts_sudo = self._for_operator("approved")
        for payout_sudo in payouts_sudo:
            payout_sudo._check_ready()
        by_method = payouts_sudo.grouped("method")
        none = payouts_sudo.browse()
        transfers = by_method.get("wechat", none) | by_method.get("alipay", none)
        for payout_sudo in transfers:
            payout_sudo.provider_id = payout_sudo._find_provider()
        payouts_sudo.write({"state": "sent", "sent_at": fields.Datetime.now()})
        transfers._enqueue()
        if to_bank := by_method.get("bank_file"):
            batches = self.env["groupbuy.payout.batch"].sudo()
            for company, own in to_bank.grouped("company_id").items():
                batches |= batches.create(
                    {"company_id": company.id, "payout_ids": [(6, 0, own.ids)]}
                )
            return batches.with_user(self.env.user)._get_action()
        return None

    def _find_provider(self):
        """:return: the provider that carries out this transfer"""
        self.ensure_one()
        code = {"wechat": "wechat_pay", "alipay": "alipay"}[self.method]
        provider = self.env["payment.provider"].search(
            [
                ("code", "=", code),
                ("company_id", "=", self.company_id.id),
                ("state", "!=", "disabled"),
            ],
            order="state, sequence, id",
            limit=1,
        )
        if not provider:
            raise UserError(
                self.env._(
                    "Set up the payment provider for %s first.",
                    dict(self._fields["method"]._description_selection(self.env))[
                        self.method
                    ],
                )
            )
        return provider

    # === BY HAND === #

    def action_mark_paid(self, reference=None):
        """Note that the bank has carried out payouts by file or by hand.

        :param str reference: the bank's, if there is one
        """
        payouts_sudo = self._for_operator("sent")
        payouts_sudo._check_by_hand()
        payouts_sudo._pay(str(reference)[:100] if reference else False)

    def action_mark_failed(self, reason):
        """Note that the bank has refused payouts; the money can be withdrawn again.

        :param str reason: shown to the payee
        """
        if not isinstance(reason, str) or not reason.strip():
            raise UserError(self.env._("Write the reason first."))
        payouts_sudo = self._for_operator("sent")
        payouts_sudo._check_by_hand()
        payouts_sudo._end("failed", reason.strip()[:500])

    def _check_by_hand(self):
        if self.filtered(lambda payout: payout.method in ("wechat", "alipay")):
            raise UserError(
                self.env._("What became of a transfer is for its provider to say.")
            )

    def action_query(self):
        """Ask the providers what became of these transfers, in the background."""
        payouts_sudo = self._for_operator("sent", "awaiting")
        transfers = payouts_sudo.filtered("provider_id")
        if not transfers:
            raise UserError(self.env._("Only transfers can be asked about."))
        transfers._enqueue()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("The provider is being asked."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_give_up(self):
        """Give up transfers that the provider never accepted, or that the payee never
        confirmed; they end only when the provider says so."""
        payouts_sudo = self._for_operator("sent", "awaiting")
        transfers = payouts_sudo.filtered("provider_id")
        if not transfers:
            raise UserError(self.env._("Only transfers can be given up."))
        transfers._enqueue("_give_up")
