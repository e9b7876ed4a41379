from odoo import fields, models
from odoo.exceptions import UserError

# Each step: from which states, and whether the merchant is told why.
DECISIONS = {
    "approved": (("applied", "more_info", "rejected"), False),
    "more_info": (("applied",), True),
    "rejected": (("applied", "more_info"), True),
    "suspended": (("approved",), True),
    "reinstated": (("suspended",), False),
}


class GroupbuyMerchant(models.Model):
    """What operators decide about merchants; each step is mailed and kept."""

    _inherit = "groupbuy.merchant"

    def action_approve(self):
        """Let merchants sell: their users get the portal's pages.

        :raise AccessError: the user is no operator
        :raise UserError: decided already
        """
        self._decide("approved")

    def action_ask_more(self):
        """Ask applicants for more; `reason` says what is missing.

        :raise UserError: nothing is said, or decided already
        """
        self._decide("more_info")

    def action_reject(self):
        """Reject applications; `reason` says why.

        :raise UserError: there is no reason, or decided already
        """
        self._decide("rejected")

    def action_suspend(self):
        """Take a merchant's goods off sale at once; `reason` says why.

        Orders that were paid go on: they are delivered, or cancelled one by one.

        :raise UserError: there is no reason, or the merchant does not sell
        """
        self._decide("suspended")

    def action_reinstate(self):
        """Let suspended merchants sell again what was reviewed before.

        :raise UserError: they are not suspended
        """
        self._decide("reinstated")

    def _decide(self, step):
        self.env.user._groupbuy_check_operator()
        self.check_access("write")
        states, with_reason = DECISIONS[step]
        for merchant in self:
            if merchant.state not in states:
                raise UserError(
                    self.env._("%s: this was decided already.", merchant.name)
                )
            if with_reason and not (merchant.reason or "").strip():
                raise UserError(
                    self.env._("%s: write the reason first.", merchant.name)
                )
        # Steps are written by nothing else; the user has just been checked.
        self_sudo = self.sudo()
        vals = {
            "state": "approved" if step == "reinstated" else step,
            "decided_at": fields.Datetime.now(),
            "decided_by_id": self.env.uid,
        }
        if not with_reason:
            vals["reason"] = False
        self_sudo.write(vals)
        self_sudo._grant()
        self_sudo.activity_unlink(["mail.mail_activity_data_todo"])
        template_sudo = self.env.ref("groupbuy_merchant.mail_template_decision").sudo()
        for merchant_sudo in self_sudo:
            template_sudo.send_mail(merchant_sudo.id)

    def _grant(self):
        """Give the users of merchants that were approved once the merchants' group."""
        group = self.env.ref("groupbuy_merchant.group_merchant")
        # Whoever decides has no rights on users.
        users_sudo = (
            self.sudo()
            .filtered(lambda merchant: merchant.state in ("approved", "suspended"))
            .member_ids.user_id
        )
        users_sudo.filtered(lambda user: group not in user.group_ids).group_ids += group

    def _get_decision_text(self):
        """:return: what a merchant is told about the last step, in one sentence"""
        self.ensure_one()
        return {
            "applied": self.env._("Your application has come in."),
            "more_info": self.env._("We need more to decide about your application."),
            "approved": self.env._("You can sell here."),
            "rejected": self.env._("We cannot accept your application."),
            "suspended": self.env._("Your goods are not for sale any more."),
        }[self.state]

    def _get_ending_documents(self):
        """:return: the documents that end within the days of the settings"""
        self.ensure_one()
        today = self.company_id._get_groupbuy_date()
        soon = fields.Date.add(
            today, days=self.company_id.groupbuy_merchant_remind_days
        )
        return self.document_ids.filtered(
            lambda document: document.expires_on and document.expires_on <= soon
        )
