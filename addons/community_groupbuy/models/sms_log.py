import logging

from odoo import fields, models

from odoo.addons.sms.tools.sms_api import SmsApiBase

_logger = logging.getLogger(__name__)


class SmsApiLog(SmsApiBase):
    """Write messages to the server's log: for trials, where nothing may go out."""

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        results = []
        for message in messages:
            for number in message["numbers"]:
                _logger.info("SMS to %s: %s", number["number"], message["content"])
                results.append({"uuid": number["uuid"], "state": "success"})
        return results


class ResCompany(models.Model):
    _inherit = "res.company"

    groupbuy_sms_log = fields.Boolean(
        string="SMS to the Log Only",
        help="Text messages are written to the server's log and go to nobody.",
    )

    def _get_sms_api_class(self):
        """Override of `sms` to keep messages here."""
        return SmsApiLog if self.groupbuy_sms_log else super()._get_sms_api_class()


class SmsSms(models.Model):
    _inherit = "sms.sms"

    def _split_by_api(self):
        """Override of `sms` to keep the messages of such companies here."""
        logged = self.filtered(lambda sms: sms._get_sms_company().groupbuy_sms_log)
        if logged:
            yield SmsApiLog(self.env), logged
        if self - logged:
            yield from super(SmsSms, self - logged)._split_by_api()
