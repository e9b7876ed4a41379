from odoo import models


class SaleOrder(models.Model):
    """Who is told of what happens to a join, and how."""

    _inherit = "sale.order"

    def message_post(self, **kwargs):
        """Override of `mail`: a closing leaves no note on each of thousands of orders.

        What it did is told by the orders' own documents and by mail.
        """
        if self.env.context.get("groupbuy_closing"):
            return self.env["mail.message"]
        return super().message_post(**kwargs)

    def _groupbuy_notify(self, template):
        """Have Odoo mail these residents soon, outside this transaction."""
        cron = self.env.ref("sale.send_pending_emails_cron").sudo()
        if self:
            self.pending_email_template_id = self.env.ref(template)
            cron._trigger()

    def _groupbuy_raise_to_operators(self, note):
        """Leave an activity on each order, once."""
        for order in self:
            if note not in order.activity_ids.mapped("summary"):
                order.activity_schedule(
                    "mail.mail_activity_data_warning",
                    summary=note,
                    user_id=order.groupbuy_campaign_id.create_uid.id,
                )

    def _groupbuy_end_warnings(self, about=("",)):
        """Take what was raised on these orders off the operators' lists again.

        :param about: only warnings that contain one of these texts
        """
        warnings = self.activity_search(["mail.mail_activity_data_warning"])
        warnings.filtered(
            lambda warning: any(text in (warning.summary or "") for text in about)
        ).action_feedback()
