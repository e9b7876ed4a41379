from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.service.model import get_public_method
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import GroupbuyCommon

MODELS = (
    "groupbuy.campaign",
    "groupbuy.offer",
    "groupbuy.tier",
    "groupbuy.hold",
    "groupbuy.pickup.point",
    "sale.order",
    "payment.transaction",
)


@tagged("post_install", "-at_install")
class TestAccess(GroupbuyCommon, HttpCase):
    """What residents reach over Odoo's RPC, where every public method is open."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(cls._example(quota=50))
        cls.draft = cls._create_campaign(cls._example(), publish=False)

    def setUp(self):
        super().setUp()
        self.own = self._buy(self.campaign, self.ann, 3)
        self.foreign = self._buy(self.campaign, self.ben, 3)

    def _call(self, model, method, *args, context=None):
        """:return: (result, name of the error)"""
        params = {
            "model": model,
            "method": method,
            "args": list(args),
            "kwargs": {"context": context or {}},
        }
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        url = f"/web/dataset/call_kw/{model}/{method}"
        with mute_logger("odoo.http", "odoo.sql_db"):
            answer = self.url_open(url, json=body).json()
        self.env.invalidate_all()
        name = answer.get("error", {}).get("data", {}).get("name", "")
        return answer.get("result"), name.rpartition(".")[2]

    def assertClosed(self, model, method, *args, **kwargs):
        result, error = self._call(model, method, *args, **kwargs)
        self.assertIn(error, ("AccessError", "UserError"), (model, method, result))

    # === RESIDENTS === #

    def test_residents_write_nothing(self):
        self.authenticate(self.ann.login, self.ann.login)
        records = {
            "groupbuy.campaign": (self.campaign, {"date_close": "2030-01-01 00:00:00"}),
            "groupbuy.offer": (self.campaign.offer_ids, {"base_price": 1}),
            "groupbuy.tier": (self.campaign.offer_ids.tier_ids[0], {"price": 1}),
            "groupbuy.hold": (self._get_holds(self.own), {"state": "paid"}),
            "groupbuy.pickup.point": (self.point, {"name": "Mine"}),
            "sale.order": (self.own, {"state": "sale"}),
            "payment.transaction": (
                self.own.transaction_ids,
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.method.id,
                    "reference": "forged",
                    "amount": 30,
                    "currency_id": self.own.currency_id.id,
                    "partner_id": self.ann.partner_id.id,
                    "state": "done",
                },
            ),
        }
        self.assertEqual(set(records), set(MODELS))
        for model, (record, vals) in records.items():
            with self.subTest(model=model):
                self.assertClosed(model, "write", [record.id], vals)
                self.assertClosed(model, "create", [vals])
                self.assertClosed(model, "unlink", [record.id])

    def test_residents_read_their_own_orders_and_no_holds(self):
        self.authenticate(self.ann.login, self.ann.login)
        self.assertClosed("groupbuy.hold", "search_read", [])
        self.assertClosed("payment.transaction", "search_read", [])
        self.assertClosed("sale.order", "read", [self.foreign.id], ["amount_total"])
        found, _error = self._call("sale.order", "search", [])
        self.assertEqual(found, self.own.ids)
        self.assertClosed("groupbuy.offer", "read",
                          self.campaign.offer_ids.ids, ["hold_ids"])  # fmt: skip

    def test_drafts_do_not_exist_for_residents(self):
        self.authenticate(self.ann.login, self.ann.login)
        for model, record in (
            ("groupbuy.campaign", self.draft),
            ("groupbuy.offer", self.draft.offer_ids),
            ("groupbuy.tier", self.draft.offer_ids.tier_ids),
        ):
            found, _error = self._call(model, "search", [("id", "in", record.ids)])
            self.assertEqual(found, [], model)
            self.assertClosed(model, "read", record.ids)

    def test_residents_run_no_campaign(self):
        self.authenticate(self.ann.login, self.ann.login)
        state = self.campaign.state
        for method, *args in (
            ("action_publish",), ("action_back_to_draft",), ("action_close",),
            ("action_cancel",), ("action_extend", 24), ("action_process_again",),
            ("copy",),
        ):  # fmt: skip
            with self.subTest(method=method):
                if method == "action_process_again":
                    self.campaign.state = "closing"
                self.assertClosed(
                    "groupbuy.campaign", method, [self.campaign.id], *args
                )
                self.campaign.state = state
        self.assertFalse(self.jobs.enqueued_jobs)

    def test_residents_decide_about_their_own_orders_only(self):
        self.authenticate(self.ann.login, self.ann.login)
        for method in ("action_groupbuy_cancel", "action_cancel", "action_confirm"):
            with self.subTest(method=method):
                self.assertClosed("sale.order", method, [self.foreign.id])
                self.assertClosed("sale.order", method, [self.own.id, self.foreign.id])
        self.assertEqual((self.own + self.foreign).mapped("state"), ["sent"] * 2)
        _result, error = self._call(
            "sale.order", "action_groupbuy_cancel", [self.own.id]
        )
        self.assertFalse(error)
        self.assertEqual(self.own.state, "cancel")

    def test_nothing_internal_is_public(self):
        """Each method of ours is either private or listed here."""
        public = {
            "groupbuy.campaign": {
                "join", "action_publish", "action_close", "action_cancel",
                "action_extend", "action_back_to_draft", "action_process_again",
                "action_preview", "get_dashboard", "get_door_delivery",
            },
            "groupbuy.claim": set(),
            "groupbuy.claim.ask": set(),
            "groupbuy.claim.line": set(),
            "groupbuy.hold": set(),
            "groupbuy.offer": set(),
            "groupbuy.tier": set(),
        }  # fmt: skip
        for model, expected in public.items():
            ours = set()
            for base in type(self.env[model]).__mro__:
                if not base.__module__.startswith("odoo.addons.community_groupbuy"):
                    continue
                for name, method in vars(base).items():
                    if name.startswith("_") or not callable(method):
                        continue
                    get_public_method(self.env[model], name)
                    ours.add(name)
            inherited = {"create", "write", "unlink", "copy", "copy_data"}
            views = {name for name in ours if name.startswith("action_")}
            self.assertEqual(ours - inherited - views, expected - views, model)
            self.assertLessEqual(expected, ours, model)

    # === CARTS === #

    def _start_payment(self, user):
        order = self._join(self.campaign, user, 3)
        self.authenticate(user.login, user.login)
        self.url_open(
            f"/groupbuy/pay/{order.id}?access_token={order.access_token}",
            allow_redirects=False,
        )
        return order

    def test_lines_of_a_join_cannot_be_taken_out_of_it(self):
        order = self._start_payment(self.cem)
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": {}}
        with mute_logger("odoo.http"):
            self.url_open("/shop/cart/clear", json=body)
        self.env.invalidate_all()
        self.assertEqual(order.order_line.product_uom_qty, 3)
        self.assertEqual(order.amount_total, 30)
        self.url_open("/shop/payment/validate")
        self.env.invalidate_all()
        self.assertEqual(order.state, "draft")

    def test_goods_of_a_join_go_to_its_pickup_point(self):
        """No address form of the shop sends them elsewhere."""
        order = self._start_payment(self.cem)
        home = self.env["res.partner"].create(
            {
                "name": "Home",
                "parent_id": self.cem.partner_id.id,
                "type": "delivery",
                "street": "2 Lake Road",
                "city": "Jinan",
                "zip": "250000",
                "country_id": self.env.ref("base.cn").id,
                "email": "home@example.com",
                "phone": "+8613800000001",
            }
        )
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 1,
            "params": {"partner_id": home.id, "address_type": "delivery"},
        }
        with mute_logger("odoo.http"):
            self.url_open("/shop/update_address", json=body)
        self.env.invalidate_all()
        self.assertEqual(order.partner_shipping_id, self.point.partner_id)

    # === OPERATORS === #

    def test_operators_run_campaigns_but_do_not_touch_holds(self):
        operator = new_test_user(
            self.env, "gb_operator", groups="community_groupbuy.group_operator"
        )
        campaign = self.campaign.with_user(operator)
        campaign.action_extend(5)
        campaign.offer_ids.quota = 60
        campaign.copy().action_publish()
        holds = self._get_holds(self.own).with_user(operator)
        self.assertEqual(holds.quantity, 3)
        with self.assertRaises(AccessError):
            holds.state = "cancelled"
        with self.assertRaises(AccessError):
            holds.unlink()

    def test_employees_without_the_role_only_look(self):
        employee = new_test_user(self.env, "gb_employee", groups="base.group_user")
        campaign = self.campaign.with_user(employee)
        self.assertEqual(campaign.name, "Winter vegetables")
        for act in (campaign.action_close, campaign.action_cancel, campaign.unlink):
            with self.assertRaises(AccessError):
                act()
        with self.assertRaises(AccessError):
            campaign.offer_ids.quota = 60

    def test_join_needs_the_signed_in_session_not_a_foreign_page(self):
        """The join route speaks JSON only: a form of another site cannot send that."""
        self.authenticate(self.ann.login, self.ann.login)
        with mute_logger("odoo.http"):
            response = self.url_open(
                f"/groupbuy/{self.campaign.id}/join",
                data={"key": "x", "csrf_token": Request.csrf_token(self)},
            )
        self.assertGreaterEqual(response.status_code, 400)
        self.assertLess(response.status_code, 500)
