import base64
from io import BytesIO
from unittest.mock import patch

import zxingcpp
from PIL import Image

from odoo.tests import BaseCase, tagged

from .. import poster
from ..models import groupbuy_leader_poster
from .sharing_common import SharingCommon

CONTENT = {
    "title": "章丘大葱",
    "headline": "團購",
    "offers": [("章丘大葱 5 斤", "¥ 8.00", "¥ 10.00")],
    "notes": ["11月25日 20:00 截止"],
    "host": "東門",
    "invitation": "掃碼參團",
    "slogan": "人越多，價越低",
    "url": "https://groupbuy.example.com/groupbuy/l/abcd2345/123",
    "lang": "zh_TW",
}


def read_code(content):
    """:return: (size, text of the QR code) of an image"""
    image = Image.open(BytesIO(content))
    (code,) = zxingcpp.read_barcodes(image)
    return image.size, code.text


@tagged("post_install", "-at_install")
class TestPosterDrawing(BaseCase):
    """A poster can be read, by people and by phones."""

    def test_the_code_leads_to_the_link_in_every_size(self):
        for size, pixels in poster.SIZES.items():
            with self.subTest(size=size):
                content = poster.draw_poster(size, CONTENT)
                self.assertEqual(read_code(content), (pixels, CONTENT["url"]))

    def test_the_code_survives_being_sent_around(self):
        image = Image.open(BytesIO(poster.draw_poster("story", CONTENT)))
        small = image.resize((image.width // 2, image.height // 2))
        squeezed = BytesIO()
        small.save(squeezed, "JPEG", quality=40)
        self.assertEqual(read_code(squeezed.getvalue())[1], CONTENT["url"])

    def test_chinese_letters_have_shapes(self):
        for region, lang in (("SC", "zh_CN"), ("TC", "zh_TW")):
            font = poster.get_font("bold", 40, lang)
            missing = bytes(font.getmask("\U0010fffd"))
            for letter in "章丘大葱團购":
                self.assertNotEqual(bytes(font.getmask(letter)), missing, letter)
            if font.path.endswith("NotoSansCJK-Bold.ttc"):
                self.assertTrue(font.getname()[0].endswith(region))

    def test_lines_break_where_the_language_allows(self):
        font = poster.get_font("regular", 20, "zh_CN")
        for text, width, lines, wanted in (
            ("人越多价越低", 80, 3, ["人越多价", "越低"]),
            ("人越多，价越低", 80, 3, ["人越多，", "价越低"]),
            ("人越多价越低人越多价越低", 80, 2, ["人越多价", "越低人…"]),
            ("", 80, 2, []),
        ):
            with self.subTest(text=text):
                self.assertEqual(poster.wrap(text, font, width, lines), wanted)
        lines = poster.wrap("winter vegetables from the east", font, 170, 9)
        self.assertEqual(" ".join(lines), "winter vegetables from the east")
        self.assertTrue(all(font.getlength(line) <= 170 for line in lines))
        self.assertGreater(len(lines), 1)
        (line,) = poster.wrap("x" * 500, font, 100, 1)
        self.assertLessEqual(font.getlength(line), 100)

    def test_too_much_of_everything_is_cut_and_still_read(self):
        long = "很長的字" * 100
        content = {
            **CONTENT,
            "title": long + "🌹",
            "offers": [(long, "¥ 123,456.00", "¥ 234,567.00")] * 9,
            "notes": [long] * 3,
            "host": long,
            "invitation": long,
            "slogan": long,
        }
        for size in poster.SIZES:
            self.assertEqual(
                read_code(poster.draw_poster(size, content))[1], CONTENT["url"]
            )

    def test_any_picture_is_drawn_and_none_breaks_it(self):
        for mode in ("RGB", "RGBA", "LA", "P", "L", "CMYK", "1"):
            picture = BytesIO()
            kind = "JPEG" if mode == "CMYK" else "PNG"
            Image.new(mode, (30, 400)).save(picture, kind)
            content = poster.draw_poster("card", CONTENT, picture.getvalue())
            self.assertEqual(read_code(content)[1], CONTENT["url"], mode)
        picture = BytesIO()
        Image.new("RGB", (600, 500), (10, 120, 60)).save(picture, "WEBP")
        content = poster.draw_poster("card", CONTENT, picture.getvalue())
        colour = Image.open(BytesIO(content)).getpixel((190, 250))
        self.assertGreater(colour[1], colour[0], "the picture, not its replacement")
        content = poster.draw_poster("card", CONTENT, b"no picture at all")
        self.assertEqual(read_code(content)[1], CONTENT["url"])


@tagged("post_install", "-at_install")
class TestPoster(SharingCommon):
    """Leaders download posters of what they can share."""

    def _get_poster(self, size="story", campaign=None, query=""):
        campaign = campaign or self.campaign
        return self._get(f"/my/leader/share/{campaign.id}/{size}.jpg{query}")

    def test_the_poster_leads_to_the_leaders_own_link(self):
        picture = BytesIO()
        Image.new("RGB", (1200, 800), (10, 120, 60)).save(picture, "PNG")
        self.campaign.image_1920 = base64.b64encode(picture.getvalue())
        self._sign_in(self.ann)
        root = self.base_url()
        path = self.leader._get_share_path(self.campaign)
        for size, pixels in poster.SIZES.items():
            response = self._get_poster(size)
            self.assertEqual(response.headers["Content-Type"], "image/jpeg")
            self.assertEqual(read_code(response.content), (pixels, f"{root}{path}"))
        top = Image.open(BytesIO(self._get_poster().content)).getpixel((540, 100))
        for value, wanted in zip(top, (10, 120, 60), strict=True):
            self.assertAlmostEqual(value, wanted, delta=6)
        # Whoever scans it arrives, and is the leader's.
        response = self._get(path, status=303)
        self.assertIn(self.campaign._get_website_url(), response.headers["Location"])
        name = self._get_poster(query="?download=1").headers["Content-Disposition"]
        self.assertIn("attachment", name)

    def test_a_poster_is_drawn_once_until_something_changes(self):
        self._sign_in(self.ann)
        draw = groupbuy_leader_poster.draw_poster
        with patch.object(
            groupbuy_leader_poster, "draw_poster", side_effect=draw
        ) as drawn:
            first = self._get_poster("card").content
            self.assertEqual(self._get_poster("card").content, first)
            self.assertEqual(drawn.call_count, 1)
            self.campaign.name = "Something else"
            self.assertNotEqual(self._get_poster("card").content, first)
            self.leader.page_name = "Aunt Ann"
            self._get_poster("card")
            self.assertEqual(drawn.call_count, 3)
        posters = self.env["groupbuy.leader.poster"]
        self.assertEqual(posters.search_count([("leader_id", "=", self.leader.id)]), 3)
        with self._later(days=8):
            posters._gc_posters()
        self.assertFalse(posters.search([("leader_id", "=", self.leader.id)]))

    def test_of_each_leader_the_latest_posters_are_kept(self):
        self.patch(groupbuy_leader_poster, "MAX_KEPT", 2)
        posters = self.env["groupbuy.leader.poster"]
        other = posters.create(
            {"leader_id": self.other_leader.id, "key": "x", "image": b"eA=="}
        )
        self._sign_in(self.ann)
        for size in poster.SIZES:
            self._get_poster(size)
        own = posters.search([("leader_id", "=", self.leader.id)])
        self.assertEqual(len(own), 2)
        self.assertTrue(other.exists())
        with patch.object(groupbuy_leader_poster, "draw_poster") as drawn:
            self._get_poster(size)
        drawn.assert_not_called()

    def test_a_poster_says_what_counts(self):
        self.campaign.offer_ids[1].base_price = 20
        content = self._as(self.leader)._prepare_poster(self.campaign.sudo(), "url")
        (leeks, ginger) = content["offers"]
        self.assertEqual(leeks[0], "Leeks")
        self.assertIn("8.00", leeks[1])
        self.assertIn("10.00", leeks[2])
        self.assertIn("20.00", ginger[1])
        self.assertFalse(ginger[2])
        self.assertEqual(content["host"], "East Gate")
        self.assertNotIn(self.leader.name, str(content))

    def test_only_what_one_can_share_gets_a_poster(self):
        self._sign_in(self.ann)
        elsewhere = self._create_campaign(
            self._example(), pickup_point_ids=self.west.ids
        )
        draft = self._create_campaign(self._example(), publish=False)
        for campaign_id in (elsewhere.id, draft.id, 0, 2**31, 2**70):
            url = f"/my/leader/share/{campaign_id}/story.jpg"
            self._get(url, status=404)
        self._get(f"/my/leader/share/{self.campaign.id}/huge.jpg", status=303)
        page = self._get(f"/my/leader/share/{self.campaign.id}")
        self.assertIn("no poster of this size", page.text)
        self._sign_in(self.cem)
        self._get(f"/my/leader/share/{self.campaign.id}/story.jpg", status=404)

    def test_without_chinese_letters_nothing_is_drawn(self):
        self._sign_in(self.ann)
        with patch.object(
            groupbuy_leader_poster, "draw_poster", side_effect=poster.FontMissing
        ):
            self._get(f"/my/leader/share/{self.campaign.id}/story.jpg", status=303)
        page = self._get(f"/my/leader/share/{self.campaign.id}")
        self.assertIn("fonts-noto-cjk", page.text)
