from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import MerchantCommon, picture


@tagged("post_install", "-at_install")
class TestReview(MerchantCommon):
    def _propose(self, product=None, user=None, **values):
        return self._save(user or self.mia, values, product or self.apple)

    def _decide(self, review, declined=(), reason="Not like this", action="decide"):
        with Form(review.with_user(self.operator)) as form:
            for at, line in enumerate(review.line_ids):
                if line.name in declined:
                    with form.line_ids.edit(at) as edited:
                        edited.decision = "decline"
                        edited.reason = reason
        getattr(review.with_user(self.operator), f"action_{action}")()

    # === NEW === #

    def test_a_new_product_is_withheld_until_it_is_approved(self):
        pear = self._save(self.mia, self._product_values("Pears"))
        template = pear.product_tmpl_id
        self.assertTrue(template.groupbuy_withheld)
        self.assertEqual(template._groupbuy_get_merchant_status(), "draft")
        self._save(self.mia, {}, pear, submit=True)
        review = self._get_review(pear)
        self.assertEqual(review.kind, "new")
        self.assertEqual(
            review.line_ids.mapped("name"),
            ["name", "specification", "origin", "description", "category_id", "price",
             "image"],
        )  # fmt: skip
        self.assertTrue(template.groupbuy_withheld)
        review.with_user(self.operator).action_approve()
        self.assertFalse(template.groupbuy_withheld)
        self.assertTrue(template.is_published)
        self.assertEqual(template._groupbuy_get_merchant_status(), "live")

    def test_a_new_product_with_something_declined_stays_withheld(self):
        pear = self._save(self.mia, self._product_values("Pears"), submit=True)
        review = self._get_review(pear)
        self._decide(review, declined=("price",), reason="Too dear")
        self.assertEqual(review.state, "declined")
        self.assertTrue(pear.groupbuy_withheld)
        status = pear.product_tmpl_id._groupbuy_get_merchant_status()
        self.assertEqual(status, "declined")
        mail = self.env["mail.mail"].search(
            [("model", "=", review._name), ("res_id", "=", review.id)]
        )
        self.assertIn("Too dear", mail.body_html)
        self._save(self.mia, {"price": 9}, pear, submit=True)
        self._get_review(pear).with_user(self.operator).action_approve()
        self.assertEqual((pear.list_price, pear.groupbuy_withheld), (9, False))

    def test_a_product_is_whole_before_it_is_reviewed(self):
        with self.assertRaisesRegex(UserError, "Category, Price, Picture"):
            self._save(self.mia, {"name": "Pears", "description": "x"}, submit=True)

    def test_an_edit_takes_what_was_sent_in_back(self):
        pear = self._save(self.mia, self._product_values("Pears"), submit=True)
        review = self._get_review(pear)
        self._save(self.mia, {"name": "Rotten pears"}, pear)
        self.assertEqual(review.state, "withdrawn")
        with self.assertRaisesRegex(UserError, "taken it back"):
            review.with_user(self.operator).action_approve()
        self.assertTrue(pear.groupbuy_withheld)

    # === CHANGES === #

    def test_the_live_product_stays_as_approved(self):
        before = self.apple.product_tmpl_id._groupbuy_get_content()
        self._propose(name="Best apples", price=20, description="New",
                      image=picture("red"))  # fmt: skip
        template = self.apple.product_tmpl_id
        self.assertEqual(template._groupbuy_get_content(), before)
        self.assertFalse(template.groupbuy_withheld)
        review = self._get_review(self.apple)
        lines = {line.name: (line.before, line.after) for line in review.line_ids}
        self.assertEqual(set(lines), {"name", "price", "description", "image"})
        self.assertEqual(lines["name"], ("Apples", "Best apples"))
        self.assertIn("10.00", lines["price"][0])
        self.assertIn("20.00", lines["price"][1])
        self.assertTrue(review.image_before and review.image_after)
        self._decide(review)
        self.assertEqual((template.name, template.list_price), ("Best apples", 20))
        self.assertNotEqual(template.image_1920, before["image"])
        self.assertEqual(template.with_context(lang="zh_CN").name, "Best apples")

    def test_of_a_change_only_what_is_accepted_applies(self):
        self._propose(name="Best apples", origin="Moon")
        review = self._get_review(self.apple)
        self._decide(review, declined=("origin",), reason="Is it true?")
        template = self.apple.product_tmpl_id
        self.assertEqual((template.name, template.groupbuy_origin),
                         ("Best apples", "Jinan"))  # fmt: skip
        self.assertEqual(review.state, "approved")
        self.assertEqual(review._get_decision_text(), "approved in part")

    def test_whoever_declines_says_why(self):
        self._propose(name="Best apples")
        review = self._get_review(self.apple)
        with self.assertRaisesRegex(UserError, "tell the merchant why"):
            review.with_user(self.operator).action_decline()
        self.assertEqual(review.state, "pending")
        review.with_user(self.operator).reason = "No adjectives"
        review.with_user(self.operator).action_decline()
        self.assertEqual((review.state, self.apple.name), ("declined", "Apples"))

    def test_a_newer_proposal_takes_the_place_of_the_one_before(self):
        self._propose(name="Best apples")
        first = self._get_review(self.apple)
        self._propose(name="Good apples")
        second = self._get_review(self.apple)
        self.assertEqual((first.state, second.state), ("withdrawn", "pending"))
        self._propose(name="Apples")
        self.assertEqual(second.state, "withdrawn")
        self.assertFalse(self._get_review(self.apple))

    def test_saving_what_is_there_already_proposes_nothing(self):
        content = self.apple.product_tmpl_id._groupbuy_get_content()
        content.pop("image")
        self._save(self.mia, content, self.apple)
        self.assertFalse(self._get_review(self.apple))

    # === PRICE === #

    def test_small_price_changes_count_at_once(self):
        self._propose(price=11)
        self.assertEqual(self.apple.list_price, 11)
        self._propose(price=9)
        self.assertEqual(self.apple.list_price, 9)
        self.assertFalse(self._get_review(self.apple))

    def test_many_small_changes_are_no_big_one(self):
        self._propose(price=11)
        self._propose(price=11.01)
        self.assertEqual(self.apple.list_price, 11)
        self.assertTrue(self._get_review(self.apple))
        self._decide(self._get_review(self.apple))
        self._propose(price=12)
        self.assertEqual(self.apple.list_price, 12)

    def test_without_a_limit_every_price_is_reviewed(self):
        self.company.groupbuy_merchant_price_change = 0
        self._propose(price=10.01)
        self.assertEqual(self.apple.list_price, 10)

    # === RIGHTS === #

    def test_operators_decide_and_write_nothing_else(self):
        self._propose(name="Best apples")
        review = self._get_review(self.apple).with_user(self.operator)
        for vals in ({"state": "approved"}, {"image_after": picture("red")}):
            with self.assertRaises(UserError):
                review.write(vals)
        with self.assertRaises(UserError):
            review.line_ids.write({"value": {"value": "Worst apples"}})
        with self.assertRaises(AccessError):
            review.create({"product_tmpl_id": 1, "merchant_id": 1, "kind": "new"})
        review.action_approve()
        for act in (review.action_approve, review.action_decline, review.action_decide):
            with self.assertRaises(UserError):
                act()
        with self.assertRaises(UserError):
            review.line_ids.write({"decision": "decline"})
        with self.assertRaises(UserError):
            review.reason = "Too late"

    def test_merchants_do_not_decide(self):
        self._propose(name="Best apples")
        review = self._get_review(self.apple)
        for user in (self.mia, self.ann):
            for act in ("approve", "decline", "decide"):
                with self.assertRaises(AccessError):
                    getattr(review.with_user(user), f"action_{act}")()

    def test_another_merchants_goods_are_reviewed_anew(self):
        template = self.apple.product_tmpl_id
        template.groupbuy_merchant_id = self.mill
        self.assertFalse(template.groupbuy_reviewed)
        self.assertTrue(template.groupbuy_withheld)

    def test_a_copy_is_not_reviewed(self):
        copy = self.apple.product_tmpl_id.copy()
        self.assertEqual(copy.groupbuy_merchant_id, self.farm)
        copy.is_published = True
        self.assertTrue(copy.groupbuy_withheld)
