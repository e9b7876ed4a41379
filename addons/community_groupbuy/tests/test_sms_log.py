from unittest.mock import patch

from odoo.addons.base.tests.common import BaseCommon
from odoo.addons.sms.tools.sms_api import SmsApi

from ..models import sms_log


class TestSmsLog(BaseCommon):
    def _send(self):
        """:return: (lines written to the log, batches sent to the gateway)"""
        sms = self.env["sms.sms"].create({"number": "+8653100001", "body": "12 more"})
        with (
            patch.object(sms_log, "_logger") as logger,
            patch.object(SmsApi, "_send_sms_batch", return_value=[]) as gateway,
        ):
            sms.send(unlink_sent=False)
        lines = [call.args[0] % call.args[1:] for call in logger.info.call_args_list]
        return lines, gateway.call_count

    def test_messages_stay_in_the_log_where_the_company_says_so(self):
        self.env.company.groupbuy_sms_log = True
        self.assertEqual(self._send(), (["SMS to +8653100001: 12 more"], 0))

    def test_other_companies_send_as_ever(self):
        self.env.company.groupbuy_sms_log = False
        self.assertEqual(self._send(), ([], 1))
