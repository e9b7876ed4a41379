import base64
import io

from PIL import Image

from odoo.exceptions import AccessError, UserError
from odoo.http import Request
from odoo.tests import tagged

from .portal_common import LeaderPortalCommon


@tagged("post_install", "-at_install")
class TestLeaderDay(LeaderPortalCommon):
    """A leader's day, over HTTP: what comes, whose it is, what is wrong with it."""

    # === TODAY === #

    def test_who_is_no_leader_is_asked_to_apply(self):
        self._sign_in(self.ann)
        self.assertTrue(
            self._get("/my/leader", 303).headers["Location"].endswith("/groupbuy/lead")
        )
        self._get("/my/leader/orders", 404)
        self.assertNotIn('"/my/leader"', self._get("/my/home").text)
        self._sign_in(self.dot)
        self.assertIn("/my/leader", self._get("/my/home").text)

    def test_today_follows_the_goods_of_the_own_point(self):
        self._sign_in(self.dot)
        page = self._page("/my/leader")
        self.assertEqual(self._figure(page, "coming"), 0)
        self.assertIn("Coming next", self._text(page))
        transfers = self._dispatch(self.orders)
        page = self._page("/my/leader")
        self.assertEqual(self._figure(page, "coming"), 1)
        [link] = page.cssselect(".o_groupbuy_coming")
        own = transfers.filtered(lambda one: one.pickup_point_id == self.point)
        self.assertEqual(link.get("href"), f"/my/leader/arrivals/{own.id}")
        transfers.groupbuy_record_arrival()
        page = self._page("/my/leader")
        figures = ("coming", "ready", "late", "done")
        self.assertEqual([self._figure(page, name) for name in figures], [0, 2, 0, 0])
        self.point.with_user(self.dot).hand_over([self.first.id])
        self.second.groupbuy_collect_until = "2020-01-01"
        page = self._page("/my/leader")
        self.assertEqual([self._figure(page, name) for name in figures], [0, 1, 1, 1])
        self.assertEqual(self._names(page), ["Ben Cui"])

    # === ORDERS === #

    def test_orders_of_the_own_point_only(self):
        self._sign_in(self.dot)
        self.assertEqual(
            sorted(self._names(self._page("/my/leader/orders"))), ["Ann Bao", "Ben Cui"]
        )
        self._get(f"/my/leader/orders/{self.first.id}")
        self._get(f"/my/leader/orders/{self.foreign.id}", 404)
        self._get(f"/my/leader/orders/{2**70}", 404)
        page = self._page(f"/my/leader/orders?point_id={self.west.id}")
        self.assertEqual(self._names(page), [])

    def test_carts_and_cancelled_joins_are_nobodys_business(self):
        campaign = self._create_campaign(self._example())
        self._join(campaign, self.fay, 1)
        cancelled = self._buy(campaign, self.cem, 1)
        cancelled.with_user(self.cem).action_groupbuy_cancel()
        waiting = self._buy(campaign, self.ann, 1)
        self._sign_in(self.dot)
        found = self._page(f"/my/leader/orders?campaign_id={campaign.id}")
        self.assertEqual(self._names(found), ["Ann Bao"])
        self._get(f"/my/leader/orders/{waiting.id}")
        self._get(f"/my/leader/orders/{cancelled.id}", 404)

    def test_search_and_filters(self):
        self._arrive(self.orders)
        self.second.groupbuy_collect_until = "2020-01-01"
        self._sign_in(self.dot)
        for query, names in (
            ("search=ann", ["Ann Bao"]),
            (f"search={self.second.name}", ["Ben Cui"]),
            ("search=ginger", ["Ann Bao"]),
            ("search=1111", ["Ben Cui"]),
            ("search=31111", []),
            ("search=111", []),
            ("search=%25", []),
            ("status=late", ["Ben Cui"]),
            ("status=ready", ["Ben Cui", "Ann Bao"]),
            ("status=received", ["Ben Cui", "Ann Bao"]),
            ("status=ready&search=ann", ["Ann Bao"]),
            (f"campaign_id={self.campaign.id}&search=Ben", ["Ben Cui"]),
            ("campaign_id=x&point_id=-1", ["Ben Cui", "Ann Bao"]),
            (f"campaign_id={2**70}", ["Ben Cui", "Ann Bao"]),
        ):
            page = self._page(f"/my/leader/orders?{query}")
            self.assertEqual(sorted(self._names(page)), sorted(names), query)
        self._get(f"/my/leader/orders/page/{2**70}")

    def test_phone_numbers_are_whole_while_goods_wait_here_only(self):
        self._sign_in(self.dot)
        urls = (
            f"/my/leader/orders/{self.first.id}",
            "/my/leader/orders",
            f"/my/leader/customers/{self.ann.partner_id.id}",
        )
        phone = self.ann.partner_id.phone

        def shown():
            return [phone in self._get(url).text for url in urls]

        self.assertEqual(shown(), [False] * 3)
        self._arrive(self.orders)
        self.assertEqual(shown(), [True] * 3)
        self.point.with_user(self.dot).hand_over([self.first.id])
        self.assertEqual(shown(), [False] * 3)
        self.assertIn("…0000", self._get(urls[0]).text)

    def test_pickup_codes_are_not_shown(self):
        self._arrive(self.orders)
        self.first.groupbuy_pickup_code = "918273"
        self._sign_in(self.dot)
        for url in (
            "/my/leader",
            "/my/leader/orders",
            f"/my/leader/orders/{self.first.id}",
        ):
            self.assertNotIn("918273", self._get(url).text)

    # === ARRIVAL === #

    def _photo(self, kind="JPEG"):
        file = io.BytesIO()
        image = Image.new("RGB", (40, 30), "green")
        exif = image.getexif()
        exif[0x010E] = "taken at 36.65 N"
        image.save(file, kind, exif=exif)
        return file.getvalue()

    def _record(self, transfer, data=None, files=None):
        return self.url_open(
            f"/my/leader/arrivals/{transfer.id}/record",
            data={"csrf_token": Request.csrf_token(self), **(data or {})},
            files=files,
            allow_redirects=False,
        )

    def test_all_right_in_one_tap(self):
        transfer = self._dispatch(self.first + self.second)
        self._sign_in(self.dot)
        page = self._page(f"/my/leader/arrivals/{transfer.id}")
        self.assertEqual(
            [line.get("data-came") for line in page.cssselect("[data-came]")],
            ["5", "2"],
        )
        self.assertIn("recorded", self._alert(self._record(transfer), "success"))
        self.assertEqual(self.first.groupbuy_status, "ready")
        self.assertEqual(transfer.groupbuy_arrived_by_id, self.dot)
        self.assertIn("already", self._alert(self._record(transfer)))
        self.assertIn(
            "Received on", self._get(f"/my/leader/arrivals/{transfer.id}").text
        )

    def test_short_with_a_photo_of_which_nothing_but_the_picture_is_kept(self):
        transfer = self._dispatch(self.first + self.second)
        self._sign_in(self.dot)
        answer = self._record(
            transfer,
            {
                f"short_{self.leek.id}": "1",
                f"damaged_{self.leek.id}": "1",
                f"note_{self.leek.id}": "One was crushed",
            },
            {f"photo_{self.leek.id}": ("leek.jpg", self._photo(), "image/jpeg")},
        )
        self.assertEqual(answer.status_code, 303)
        issues = transfer.groupbuy_issue_ids
        self.assertEqual(
            sorted(issues.mapped(lambda one: (one.kind, one.quantity))),
            [("damaged", 1), ("short", 1)],
        )
        damaged = issues.filtered(lambda one: one.kind == "damaged")
        self.assertEqual(damaged.note, "One was crushed")
        picture = Image.open(io.BytesIO(base64.b64decode(damaged.photo)))
        self.assertFalse(picture.getexif())
        # Ben joined last: he loses both.
        self.assertEqual(issues.line_ids.order_id, self.second)
        page = self._page("/my/leader")
        self.assertIn("Leeks × 1", self._text(page))
        page = self._page(f"/my/leader/orders/{self.second.id}")
        self.assertIn("− 1", self._text(page))

    def test_bad_reports_are_refused_in_words_and_change_nothing(self):
        transfer = self._dispatch(self.first + self.second)
        leek = self.leek.id
        self._sign_in(self.dot)
        for data in (
            {f"short_{leek}": "6"},
            {f"short_{leek}": "-1"},
            {f"short_{leek}": "nan"},
            {f"short_{leek}": "inf"},
            {f"short_{leek}": "many"},
            {f"short_{leek}": "1", f"note_{leek}": "x" * 501},
        ):
            self.assertTrue(self._alert(self._record(transfer, data)), data)
        for content in (
            b"<svg onload='alert(1)'/>",
            b"%PDF-1.7",
            b"x" * (5 * 2**20 + 9),
        ):
            files = {f"photo_{leek}": ("leek.jpg", content, "image/jpeg")}
            self.assertTrue(
                self._alert(self._record(transfer, {f"short_{leek}": "1"}, files))
            )
        self.assertEqual(transfer.groupbuy_stage, "way")
        self.assertFalse(transfer.groupbuy_issue_ids)
        page = self._parse(self._record(transfer, {f"short_{leek}": "6"}))
        [value] = page.xpath(f"//input[@name='short_{leek}']/@value")
        self.assertEqual(value, "6", "what was typed is still there")

    def test_other_points_deliveries_do_not_exist(self):
        transfer = self._dispatch(self.foreign)
        self._sign_in(self.dot)
        self._get(f"/my/leader/arrivals/{transfer.id}", 404)
        self.assertEqual(self._record(transfer).status_code, 404)
        with self.assertRaises(AccessError):
            transfer.with_user(self.dot).groupbuy_record_arrival()
        self.assertEqual(transfer.groupbuy_stage, "way")
        handover = self.first.picking_ids
        self._get(f"/my/leader/arrivals/{handover.id}", 404)

    def test_what_has_not_left_cannot_arrive(self):
        transfer = self._get_transfers(self.first)
        self._sign_in(self.dot)
        self.assertIn(
            "Planned for", self._get(f"/my/leader/arrivals/{transfer.id}").text
        )
        self.assertIn("not left", self._alert(self._record(transfer)))

    def test_leaders_sell_nothing_instead(self):
        transfer = self._dispatch(self.first + self.second)
        line = {
            "product_id": self.leek.id,
            "short": 1,
            "substitute_product_id": self.ginger.id,
            "substitute_quantity": 1,
        }
        with self.assertRaisesRegex(UserError, "Ask us"):
            transfer.with_user(self.dot).groupbuy_record_arrival([line])

    # === HAND-OVER === #

    def test_the_desk_is_that_of_the_own_point(self):
        self._arrive(self.orders)
        self._sign_in(self.dot)
        page = self._page(
            f"/my/handover?code={self.second.name}&point_id={self.point.id}"
        )
        [tab] = page.cssselect(".o_groupbuy_tabs .active")
        self.assertEqual(self._text(tab), "Hand-over")
        [desk] = page.cssselect("owl-component")
        self.assertIn(f'"pointId": {self.point.id}', desk.get("props"))
        page = self._page(f"/my/handover?point_id={self.west.id}")
        [desk] = page.cssselect("owl-component")
        self.assertNotIn("pointId", desk.get("props"))
        answer, _error = self._rpc("/groupbuy/handover/desk", point_id=self.west.id)
        self.assertEqual(
            answer["points"], [{"id": self.point.id, "name": self.point.name}]
        )
        results, error = self._rpc(
            "/groupbuy/handover/do", point_id=self.point.id, codes=self.orders.ids
        )
        self.assertFalse(error)
        self.assertEqual(
            [(one["state"], one["reason"]) for one in results],
            [("done", False), ("done", False), ("refused", "wrong_point")],
        )
        _answer, error = self._rpc(
            "/groupbuy/handover/do", point_id=self.west.id, codes=self.foreign.ids
        )
        self.assertEqual(error["name"], "odoo.exceptions.AccessError")
        answer, _error = self._rpc(
            "/groupbuy/handover/undo", handover_id=results[0]["handover_id"]
        )
        self.assertTrue(answer)
        self.env.invalidate_all()
        self.assertEqual(
            self.orders.mapped("groupbuy_status"), ["ready", "received", "ready"]
        )

    def test_a_suspended_leader_runs_nothing(self):
        transfer = self._dispatch(self.first)
        self.leader.state = "suspended"
        self._sign_in(self.dot)
        self._get("/my/leader/orders", 404)
        self.assertTrue(self._get("/my/handover").url.endswith("/my"))
        with self.assertRaises(AccessError):
            transfer.with_user(self.dot).groupbuy_record_arrival()
