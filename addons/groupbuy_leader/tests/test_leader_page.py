from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .sharing_common import SharingCommon


@tagged("post_install", "-at_install")
class TestLeaderPage(SharingCommon):
    """What neighbours see of a leader, and what they never see."""

    def _page_text(self, leader=None):
        path = (leader or self.leader)._get_share_path()
        return self._text(self._page(path))

    def test_visitors_see_points_and_group_buys_and_no_name(self):
        self.point.write(
            {"opening_hours": "8:00–20:00", "latitude": 36.65, "longitude": 117.12}
        )
        self.point.phone = "+8613912345678"
        elsewhere = self._create_campaign(
            self._example(), name="Elsewhere", pickup_point_ids=self.west.ids
        )
        draft = self._create_campaign(self._example(), name="Draft", publish=False)
        text = self._page_text()
        for shown in ("East Gate", "Spring Road", "8:00–20:00", "Winter vegetables"):
            self.assertIn(shown, text)
        for hidden in (
            elsewhere.name,
            draft.name,
            self.leader.name,
            self.ann.name,
            "13912345678",
            self.leader.phone,
        ):
            self.assertNotIn(hidden, text)
        page = self._page(self.leader._get_share_path())
        self.assertTrue(page.xpath("//a[starts-with(@href, 'geo:36.65')]"))

    def test_without_a_point_there_is_nothing_to_share(self):
        self.point.leader_id = False
        text = self._page_text()
        self.assertIn("No group buy is open here", text)
        self.assertNotIn("Winter vegetables", text)
        self._sign_in(self.ann)
        self._get("/my/leader/share")
        self._get(f"/my/leader/share/{self.campaign.id}", status=404)

    def test_only_approved_leaders_of_this_company_have_a_page(self):
        path = self.leader._get_share_path()
        for state in ("applied", "more_info", "rejected", "suspended"):
            self.leader.state = state
            self._get(path, status=404)
            self._get(f"{path}/qr.svg", status=404)
        self.leader.state = "approved"
        self._get(path)
        code = self._get(f"{path}/qr.svg")
        self.assertIn("<svg", code.text)
        # It may come with a session's cookie.
        self.assertIn("private", code.headers["Cache-Control"])
        company = self.env["res.company"].create({"name": "Far Away"})
        self.leader.company_id = company
        self._get(path, status=404)

    def test_a_resting_point_says_so(self):
        self.point.write({"resting": True, "rest_note": "Back on Monday"})
        text = self._page_text()
        self.assertIn("Resting", text)
        self.assertIn("Back on Monday", text)

    def test_leaders_say_how_they_are_known(self):
        self._sign_in(self.ann)
        self._post(
            "/my/leader/share/page",
            {"name": " Aunt  Ann ", "text": "Ring <i>twice</i>"},
        )
        text = self._page_text()
        self.assertIn("Aunt Ann", text)
        self.assertIn("Ring <i>twice</i>", text)
        self._post("/my/leader/share/page", {"name": "x" * 41})
        self.assertIn("at most 40", self._get("/my/leader/share").text)
        self.assertEqual(self.leader.page_name, "Aunt Ann")

    # === FOLLOW === #

    def test_residents_follow_and_stop(self):
        path = self.leader._get_share_path()
        self.assertIn("Sign in to follow", self._page_text())
        self._sign_in(self.cem)
        for _again in range(2):
            answer = self._post(f"{path}/follow", {"follow": "1"})
            self.assertEqual(answer.status_code, 303)
            self.assertEqual(self.leader.follower_ids, self.cem.partner_id)
        self.assertIn("You follow", self._page_text())
        self._post(f"{path}/follow", {"follow": "0"})
        self.assertFalse(self.leader.follower_ids)
        self.assertEqual(self._post("/groupbuy/l/nobody/follow", {}).status_code, 404)

    def test_following_tells_nobody_what_leaders_and_operators_write(self):
        self.leader._set_followed(self.cem.partner_id, True)
        self.assertNotIn(self.cem.partner_id, self.leader.message_partner_ids)
        with self.assertRaises(AccessError):
            self.leader.with_user(self.cem).read(["follower_ids"])

    # === ANNOUNCEMENTS === #

    def test_announcements_stand_on_the_page_until_their_day(self):
        today = self.company._get_groupbuy_date()
        self._sign_in(self.ann)
        self._post(
            "/my/leader/announcements/add",
            {"name": "Closed on Friday", "text": "Sorry", "until": today.isoformat()},
        )
        announcement = self.leader.announcement_ids
        self.assertEqual(announcement.date_until, today)
        self.assertIn("Closed on Friday", self._page_text())
        self.assertNotIn("Closed on Friday", self._page_text(self.other_leader))
        with self._later(days=2):
            self.assertFalse(self.leader._get_announcements())
        self._sign_in(self.ben)
        url = f"/my/leader/announcements/{announcement.id}/remove"
        self.assertEqual(self._post(url, {}).status_code, 404)
        self._sign_in(self.ann)
        self._post(url, {})
        self.assertNotIn("Closed on Friday", self._page_text())
        self.assertFalse(announcement.exists(), "what is removed piles up nowhere")

    def test_those_who_follow_get_an_announcement_by_mail(self):
        for user in (self.cem, self.dot, self.eva):
            user.partner_id.email = f"{user.login}@example.com"
            self.leader._set_followed(user.partner_id, True)
        self.dot.partner_id.groupbuy_no_leader_messages = True
        self.other_leader._set_followed(self.fay.partner_id, True)
        mails = self.env["mail.mail"]
        mails.search([]).unlink()
        self.company.groupbuy_leader_message_limit = 1
        self._sign_in(self.ann)
        page = self._page("/my/leader/announcements")
        (reach,) = page.xpath("//*[@name='reach']")
        self.assertEqual(self._text(reach), "2")
        news = {"name": "Closed on Friday", "text": "Back <b>soon</b>"}
        self._post("/my/leader/announcements/add", news)
        self._run_jobs()
        self.assertFalse(mails.search([]), "only if so wished")
        self._post("/my/leader/announcements/add", {**news, "tell": "1"})
        self._run_jobs()
        sent = mails.search([])
        self.assertEqual(sent.recipient_ids, (self.cem + self.eva).partner_id)
        body = sent[0].body_html
        self.assertIn("Back &lt;b&gt;soon&lt;/b&gt;", body)
        self.assertIn(self.leader._get_share_path(), body)
        self.assertIn("/groupbuy/messages/", body)
        self.assertNotIn(self.leader.name, sent[0].subject + body)
        # The day's limit holds, and nothing is half done.
        self.assertEqual(len(self.leader.announcement_ids), 2)
        self._post("/my/leader/announcements/add", {**news, "tell": "1"})
        self.assertEqual(len(self.leader.announcement_ids), 2)
        page = self._get("/my/leader/announcements").text
        self.assertIn("as many messages as a day allows", page)

    def test_nobody_follows_nobody_is_told(self):
        with self.assertRaisesRegex(UserError, "nobody to write to"):
            self._as(self.leader)._announce("News", "", tell=True)
        self.leader._set_followed(self.cem.partner_id, True)
        messages = self.env["groupbuy.leader.message"]
        for channel, text in (("sms", "x"), ("mail", " "), ("mail", "x" * 2083)):
            with self.assertRaises(UserError):
                messages._send_to(self.leader, "followers", channel, text)

    def test_bad_announcements_are_refused_with_a_reason(self):
        today = self.company._get_groupbuy_date()
        yesterday = today - timedelta(days=1)
        leader = self._as(self.leader)
        for name, text, until, message in (
            ("", "x", None, "needs a title"),
            (" \n ", "x", None, "needs a title"),
            ("x" * 81, "", None, "at most 80"),
            ("x", "x" * 2001, None, "2,000"),
            ("x", "", "tomorrow", "not a date"),
            ("x", "", "9999-99-99", "not a date"),
            ("x", "", 7, "not a date"),
            ("x", "", yesterday.isoformat(), "has passed"),
            (["x"], "", None, "are words"),
        ):
            with (
                self.subTest(name=name, until=until),
                self.assertRaisesRegex(UserError, message),
            ):
                leader._announce(name, text, until)
        for index in range(20):
            leader._announce(f"News {index}", "")
        with self.assertRaisesRegex(UserError, "remove an old one"):
            leader._announce("One too many", "")
        with self.assertRaises(AccessError):
            self.leader.with_user(self.ben).sudo()._announce("x", "")

    def test_residents_cannot_write_announcements_over_rpc(self):
        self._as(self.leader)._announce("News", "")
        announcements = self.env["groupbuy.leader.announcement"]
        for user in (self.ann, self.cem):
            mine = announcements.with_user(user)
            for call in (
                lambda mine=mine: mine.create({"leader_id": 1, "name": "x"}),
                lambda mine=mine: mine.search([]).write({"name": "x"}),
                lambda mine=mine: mine.search([]).unlink(),
            ):
                with self.assertRaises(AccessError):
                    call()

    # === SHARING FROM A CAMPAIGN'S PAGE === #

    def test_what_a_leader_shares_anywhere_leads_to_the_leader(self):
        path = self.leader._get_share_path(self.campaign)
        url = self.campaign._get_website_url()
        self._sign_in(self.ann)
        (shown,) = self._page(url).xpath("//*[@aria-label='Link to share']/@value")
        self.assertTrue(shown.endswith(path), shown)
        self._sign_in(self.cem)
        (shown,) = self._page(url).xpath("//*[@aria-label='Link to share']/@value")
        self.assertIn("?from=", shown)
