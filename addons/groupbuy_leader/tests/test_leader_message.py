from odoo.exceptions import UserError
from odoo.tests import tagged

from .portal_common import LeaderPortalCommon


@tagged("post_install", "-at_install")
class TestLeaderMessage(LeaderPortalCommon):
    """Dot writes to those who buy at her point."""

    def setUp(self):
        super().setUp()
        self.messages = self.env["groupbuy.leader.message"]
        self._arrive(self.orders)
        self.env["mail.mail"].search([]).unlink()

    def _send(self, kind="waiting", channel="mail", text="", **kwargs):
        return self.messages._send_to(self.leader, kind, channel, text, **kwargs)

    def _send_form(self, **data):
        return self._post(
            "/my/leader/message/send", {"kind": "waiting", "channel": "mail", **data}
        )

    def _get_mails(self):
        self._run_jobs()
        return self.env["mail.mail"].search([], order="id")

    # === WHOM === #

    def test_those_whose_goods_wait_here(self):
        self._sign_in(self.dot)
        page = self._page("/my/leader/message")
        self.assertEqual(self._text(page.cssselect("[name=reach_mail]")[0]), "2")
        answer = self._send_form(text="Fresh today! <b>Come</b> before six.", key="k1")
        self.assertIn("on its way", self._alert(answer, "success"))
        mails = self._get_mails()
        self.assertEqual(
            mails.recipient_ids, (self.ann + self.ben).partner_id, "not Cem"
        )
        body = mails[0].body_html
        self.assertIn("&lt;b&gt;Come&lt;/b&gt;", body)
        self.assertIn(f"/my/groupbuy/{self.first.id}", body)
        self.assertNotIn(self.second.name, body)
        self.assertIn(self.ann.partner_id._groupbuy_get_opt_out_url(), body)
        self.assertNotIn(self.dot.partner_id.email, str(mails.mapped("email_from")))

    def test_once_handed_over_nothing_waits(self):
        self.point.with_user(self.dot).hand_over(self.first.ids)
        self.env.invalidate_all()
        self._send()
        self.assertEqual(self._get_mails().recipient_ids, self.ben.partner_id)

    def test_buyers_of_a_campaign_at_the_own_point(self):
        self.point.with_user(self.dot).hand_over(self.first.ids)
        self.env.invalidate_all()
        self._send("campaign", text="More on Friday", campaign_id=self.campaign.id)
        mails = self._get_mails()
        self.assertEqual(mails.recipient_ids, (self.ann + self.ben).partner_id)
        self.assertEqual(set(mails.mapped("subject")), {"Winter vegetables: East Gate"})

    def test_one_message_for_each_resident(self):
        campaign = self._create_campaign(self._example())
        self._buy(campaign, self.ann, 1)
        self._close(campaign)
        order = campaign.order_ids
        self._arrive(order)
        self.env["mail.mail"].search([]).unlink()
        self._send()
        mails = self._get_mails()
        self.assertEqual(len(mails), 2)
        mail = mails.filtered(lambda one: one.recipient_ids == self.ann.partner_id)
        for own in (self.first, order):
            self.assertIn(f"/my/groupbuy/{own.id}", mail.body_html)

    # === NO, THANKS === #

    def test_who_opts_out_hears_nothing(self):
        url = self.ann.partner_id._groupbuy_get_opt_out_url()
        url = url.removeprefix(self.ann.partner_id.get_base_url())
        self.authenticate(None, None)
        self._get(url)
        self.env.invalidate_all()
        self.assertFalse(self.ann.partner_id.groupbuy_no_leader_messages, "only asked")
        self._post(f"{url}/stop", {})
        self.env.invalidate_all()
        self.assertTrue(self.ann.partner_id.groupbuy_no_leader_messages)
        self._send()
        self.assertEqual(self._get_mails().recipient_ids, self.ben.partner_id)
        self._post(f"{url}/start", {})
        self.env.invalidate_all()
        self.assertFalse(self.ann.partner_id.groupbuy_no_leader_messages)

    def test_nobody_opts_out_for_somebody_else(self):
        ann, ben = self.ann.partner_id, self.ben.partner_id
        token = ben._groupbuy_get_opt_out_token()
        self.authenticate(None, None)
        for url in (
            f"/groupbuy/messages/{ann.id}/{token}",
            f"/groupbuy/messages/{ann.id}/é",
            f"/groupbuy/messages/{2**70}/{token}",
        ):
            self._get(url, 404)
            self.assertEqual(self._post(f"{url}/stop", {}).status_code, 404)
        self.env.invalidate_all()
        self.assertFalse(ann.groupbuy_no_leader_messages)

    def test_the_order_centre_has_the_switch(self):
        self._sign_in(self.ann)
        [form] = self._page("/my/groupbuy").cssselect(".o_groupbuy_leader_messages")
        self._post(form.get("action"), {"stop": "1"})
        self.env.invalidate_all()
        self.assertTrue(self.ann.partner_id.groupbuy_no_leader_messages)
        self.assertFalse(self.ben.partner_id.groupbuy_no_leader_messages)
        self._post(form.get("action"), {})
        self.env.invalidate_all()
        self.assertFalse(self.ann.partner_id.groupbuy_no_leader_messages)

    def test_blacklisted_addresses_are_left_out(self):
        self.env["mail.blacklist"]._add(self.ann.partner_id.email)
        self._send()
        self.assertEqual(self._get_mails().recipient_ids, self.ben.partner_id)

    # === HOW OFTEN === #

    def test_daily_limit(self):
        self.company.groupbuy_leader_message_limit = 2
        self._send()
        self._send()
        with self.assertRaisesRegex(UserError, "as many messages as a day"):
            self._send()
        self.messages._send_to(self.other_leader, "waiting", "mail")
        with self._later(days=1):
            self._send()
        self.company.groupbuy_leader_message_limit = 0
        with self.assertRaises(UserError), self._later(days=3):
            self._send()

    def test_the_same_key_is_sent_once(self):
        first = self._send(key="k")
        self.assertEqual(self._send(key="k"), first)
        self.assertEqual(len(self._get_mails()), 2)
        first._send()
        self.assertEqual(len(self._get_mails()), 2)

    # === SMS === #

    def test_sms_once_the_company_allows_it(self):
        with self.assertRaises(UserError):
            self._send(channel="sms")
        self.company.groupbuy_leader_sms = True
        self.company.groupbuy_sms_log = True
        known = self.env["sms.sms"].search([])
        self._send(channel="sms", text="Not told by SMS")
        self._run_jobs()
        texts = self.env["sms.sms"].search([]) - known
        self.assertEqual(texts.partner_id, (self.ann + self.ben).partner_id)
        self.assertIn("waits for you at East Gate", texts[0].body)
        self.assertIn("/groupbuy/messages/", texts[0].body)
        self.assertNotIn("Not told", texts[0].body)

    # === BAD INPUT === #

    def test_bad_input_is_refused_in_words(self):
        other = self._create_campaign(self._example())
        self._buy(other, self.cem, 1, point=self.west)
        self._sign_in(self.dot)
        for data in (
            {"kind": "all"},
            {"channel": "fax"},
            {"channel": "sms"},
            {"text": "x" * 301},
            {"key": "x" * 65},
            {"kind": "campaign", "text": "Hello"},
            {"kind": "campaign", "campaign_id": self.campaign.id},
            {"kind": "campaign", "campaign_id": other.id, "text": "Hello"},
            {"kind": "campaign", "campaign_id": 2**70, "text": "Hello"},
        ):
            self.assertTrue(self._alert(self._send_form(**data)), data)
        self.assertFalse(self.messages.search([]))
        self.point.with_user(self.dot).hand_over((self.first + self.second).ids)
        self.assertIn("nobody", self._alert(self._send_form()))

    def test_operators_read_what_was_written(self):
        self._send(text="Fresh today")
        operator = self.env["res.users"].search(
            [("group_ids", "=", self.env.ref("community_groupbuy.group_operator").id)],
            limit=1,
        ) or self.env.ref("base.user_admin")
        message = self.messages.with_user(operator).search([])
        self.assertEqual(message.text, "Fresh today")
        self.assertEqual(message.recipient_count, 2)
