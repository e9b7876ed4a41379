from odoo import models

# Which setting of the company sends an event as a text message, too; of all others,
# `groupbuy_step_sms`.
SMS_SETTINGS = {
    "nudge": "groupbuy_nudge_sms",
    "ready": "groupbuy_ready_sms",
    "last_day": "groupbuy_ready_sms",
}


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
        """Have Odoo mail these residents soon, outside this transaction.

        Where the settings say so they get a text message, too.

        :param str template: XML id of a mail template, "….mail_template_<event>"
        """
        cron = self.env.ref("sale.send_pending_emails_cron").sudo()
        if self:
            self.pending_email_template_id = self.env.ref(template)
            cron._trigger()
            self._groupbuy_notify_by_sms(template.partition(".mail_template_")[2])

    def _groupbuy_notify_by_sms(self, event):
        setting = SMS_SETTINGS.get(event, "groupbuy_step_sms")
        orders = self.filtered(lambda order: order.company_id[setting])
        template = self.env.ref(
            f"community_groupbuy.sms_template_{event}", raise_if_not_found=False
        )
        if orders and template:
            orders._message_sms_schedule_mass(template=template)

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
