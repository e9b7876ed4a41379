import inspect
import re

from odoo.fields import Command
from odoo.http import Request
from odoo.service.model import get_public_method
from odoo.tests import tagged
from odoo.tools import mute_logger

from .portal_common import LeaderPortalCommon

CONVERTER = re.compile(r"<(?:(\w+)(\([^)]*\))?:)?(\w+)>")
OWN = "odoo.addons.groupbuy_leader."
# Odoo's own models through which a leader's day goes.
MODELS = (
    "groupbuy.arrival.issue",
    "groupbuy.claim",
    "groupbuy.handover",
    "groupbuy.hold",
    "groupbuy.ledger.entry",
    "sale.order",
    "sale.order.line",
    "stock.move",
    "stock.picking",
)
REFUSED = ("AccessError", "UserError", "ValidationError", "MissingError")
INHERITED = {"copy", "copy_data", "create", "default_get", "unlink", "write"}


@tagged("post_install", "-at_install")
class TestLeaderAccess(LeaderPortalCommon):
    """Over every route and every public method a leader reaches own points only."""

    def setUp(self):
        super().setUp()
        self._arrive(self.first + self.second)
        self._dispatch(self.foreign)
        self.messages = self.env["groupbuy.leader.message"]
        self.others = self._create_campaign(
            self._example(),
            name="secret campaign",
            pickup_point_ids=[Command.set(self.west.ids)],
            leader_id=self.other_leader.id,
        )
        self.announcement = self.env["groupbuy.leader.announcement"].create(
            {"leader_id": self.other_leader.id, "name": "Closed on Monday"}
        )
        self.env["groupbuy.leader.customer"]._save(
            self.other_leader, self.cem.partner_id, "secret tag", "secret note"
        )

    def _get_foreign(self):
        """:return: {converter of a route: number of a record that is not Dot's}"""
        return {
            "announcement_id": self.announcement.id,
            "campaign_id": self.others.id,
            # Nothing that the platform has opened for leaders.
            "origin_id": self.others.id,
            "order_id": self.foreign.id,
            "partner_id": self.cem.partner_id.id,
            "picking_id": self._get_transfers(self.foreign).id,
            "point_id": self.west.id,
            "page": 1,
            "size": "story",
        }

    # === ROUTES === #

    def _get_routes(self):
        """:return: [(address with foreign numbers in it, method, whether there are
        any)] of all pages and forms for leaders"""
        foreign = self._get_foreign()
        routes = []
        for rule in self.env["ir.http"].routing_map().iter_rules():
            if not re.match(r"/my/leader(/|$)", rule.rule):
                continue
            methods = rule.endpoint.routing["methods"] or ["GET"]
            urls = [("", False)]
            end = 0
            for match in CONVERTER.finditer(rule.rule):
                kind, choices, name = match.groups()
                if kind == "any":
                    values = [value.strip() for value in choices[1:-1].split(",")]
                else:
                    self.assertIn(name, foreign, f"whose is it in {rule.rule}?")
                    values = [foreign[name]]
                before = rule.rule[end : match.start()]
                names_record = name.endswith("_id")
                urls = [
                    (f"{url}{before}{value}", has_record or names_record)
                    for url, has_record in urls
                    for value in values
                ]
                end = match.end()
            routes += [
                (url + rule.rule[end:], method, has_record)
                for url, has_record in urls
                for method in methods
            ]
        self.assertGreater(len(routes), 15)
        return routes

    def _request(self, url, method):
        data = {"csrf_token": Request.csrf_token(self)} if method == "POST" else None
        with mute_logger("odoo.http"):
            return self.url_open(url, data=data, allow_redirects=False)

    def test_nobody_else_reaches_a_leaders_pages(self):
        suspended = self._create_leader(self.fay, state="suspended").user_id
        for user in (self.ann, suspended, None):
            self.authenticate(user and user.login, user and user.login)
            for url, method, _has_record in self._get_routes():
                with self.subTest(user=user and user.login, url=url):
                    response = self._request(url, method)
                    self.assertIn(response.status_code, (303, 404))
                    if response.status_code == 303:
                        where = response.headers["Location"]
                        self.assertRegex(where, r"/web/login|/groupbuy/lead(\?|$)")

    def test_foreign_records_do_not_exist(self):
        before = self._get_state()
        self._sign_in(self.dot)
        for url, method, has_record in self._get_routes():
            with self.subTest(url=url):
                response = self._request(url, method)
                if response.status_code == 303:
                    response = self.url_open(response.headers["Location"])
                self.assertIn(response.status_code, (200, 404))
                if has_record and response.status_code == 200:
                    self.assertIn("alert-danger", response.text)
                for secret in self._get_secrets():
                    self.assertNotIn(secret, response.text)
        self.assertEqual(self._get_state(), before)

    def _get_secrets(self):
        return (
            self.cem.partner_id.name,
            self.cem.partner_id.phone,
            self.cem.partner_id.email,
            f">{self.foreign.name}<",
            "secret campaign",
            "secret tag",
            "secret note",
        )

    def _get_state(self):
        self.env.invalidate_all()
        return (
            self.west.read(["resting", "substitute_id", "name"]),
            self.foreign.read(["state", "groupbuy_status"]),
            self.others.read(["state", "name", "date_close"]),
            self.announcement.read(["active", "name"]),
            self._get_transfers(self.foreign).read(["groupbuy_stage", "state"]),
            self.messages.search_count([("leader_id", "!=", self.leader.id)]),
        )

    # === RPC === #

    def _call(self, model, method, *args):
        """:return: (result, name of the error)"""
        params = {"model": model, "method": method, "args": list(args), "kwargs": {}}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        url = f"/web/dataset/call_kw/{model}/{method}"
        with mute_logger("odoo.http", "odoo.sql_db"):
            answer = self.url_open(url, json=body).json()
        self.env.invalidate_all()
        name = answer.get("error", {}).get("data", {}).get("name", "")
        return answer.get("result"), name.rpartition(".")[2]

    def _get_own_models(self):
        """:return: the models that this addon brings"""
        return [
            name
            for name, model in self.env.registry.items()
            if model._original_module == "groupbuy_leader" and not model._abstract
        ]

    def test_leaders_have_no_rights_on_our_models(self):
        self._sign_in(self.dot)
        names = self._get_own_models()
        self.assertIn("groupbuy.leader", names)
        for name in names:
            if name in self._get_readable():
                continue
            with self.subTest(model=name):
                for method, *args in (
                    ("search_read", []),
                    ("create", [{}]),
                    ("write", [1], {"create_uid": 1}),
                    ("unlink", [1]),
                ):
                    _result, error = self._call(name, method, *args)
                    self.assertEqual(error, "AccessError", method)

    def _get_readable(self):
        """:return: models of ours that visitors may read, each with tests of its own"""
        return ()

    def test_leaders_read_only_what_residents_read(self):
        self._sign_in(self.dot)
        for name in MODELS:
            with self.subTest(model=name):
                # Dot has bought nothing: what she sees is on her pages only.
                result, error = self._call(name, "search_read", [])
                self.assertTrue(error == "AccessError" or result == [], result)
        for field in ("leader_id", "substitute_id"):
            _result, error = self._call(
                "groupbuy.pickup.point", "read", self.point.ids, [field]
            )
            self.assertEqual(error, "AccessError")
            _result, error = self._call(
                "groupbuy.pickup.point", "write", self.point.ids, {field: False}
            )
            self.assertEqual(error, "AccessError")
        result, error = self._call(
            "res.partner", "search_read", [("id", "=", self.cem.partner_id.id)]
        )
        self.assertTrue(error == "AccessError" or result == [])

    def test_public_methods_refuse_what_is_not_the_leaders(self):
        self._sign_in(self.dot)
        records = {
            "groupbuy.leader": self.other_leader,
            "groupbuy.pickup.point": self.west,
            "res.partner": self.cem.partner_id,
            "res.users": self.eva,
            "sale.order": self.foreign,
            "sale.order.line": self.foreign.order_line,
            "stock.picking": self._get_transfers(self.foreign),
        }
        for model, method, function in self._get_public_methods():
            with self.subTest(model=model, method=method):
                record = records.get(model, self.env[model].search([], limit=1))
                ids = [] if hasattr(function, "_api_model") else [record.ids or [1]]
                result, error = self._call(
                    model, method, *ids, *self._make_arguments(function)
                )
                if error:
                    self.assertIn(error, REFUSED, result)
                else:
                    # Whatever opens a view shows only what its reader may see.
                    self.assertEqual(result["type"], "ir.actions.act_window")

    def _make_arguments(self, function):
        """:return: something for each parameter that a method needs"""
        parameters = list(inspect.signature(function).parameters.values())[1:]
        return ["x" for one in parameters if one.default is one.empty]

    def _get_public_methods(self):
        """:return: [(model, name, function)] of what this addon opens to RPC"""
        found = {}
        for name, model in self.env.registry.items():
            for base in model.__mro__:
                if not base.__module__.startswith(OWN):
                    continue
                for method, value in vars(base).items():
                    if method.startswith("_") or not inspect.isfunction(value):
                        continue
                    if method not in INHERITED:
                        get_public_method(self.env[name], method)
                        found[name, method] = value
        return [(*key, found[key]) for key in sorted(found)]

    def test_cores_methods_refuse_other_points(self):
        self._get_transfers(self.foreign).groupbuy_record_arrival()
        done = self.env["groupbuy.handover"]
        self.west.with_user(self.eva).hand_over(self.foreign.ids)
        done = done.search([("order_id", "=", self.foreign.id)])
        waiting = self._create_campaign(self._example())
        waiting = self._buy(waiting, self.cem, 1, point=self.west)
        self._sign_in(self.dot)
        for model, method, record, *args in (
            ("groupbuy.pickup.point", "get_handover_orders", self.west),
            ("groupbuy.pickup.point", "get_recent_handovers", self.west),
            ("groupbuy.pickup.point", "find_handover", self.west, self.foreign.name),
            ("groupbuy.pickup.point", "hand_over", self.west, self.foreign.ids),
            ("groupbuy.handover", "undo", done),
            ("sale.order", "action_groupbuy_cancel", waiting),
            ("sale.order", "action_groupbuy_move_point", waiting, self.point.id),
            ("sale.order", "action_groupbuy_return", self.foreign),
            ("sale.order", "groupbuy_submit_claim", self.foreign, []),
        ):
            with self.subTest(method=method):
                result, error = self._call(model, method, record.ids, *args)
                self.assertIn(error, REFUSED, result)
        self.assertEqual(self.foreign.groupbuy_status, "received")
        self.assertEqual(waiting.groupbuy_status, "waiting")
        result, error = self._call(
            "groupbuy.pickup.point", "find_handover", self.point.ids, self.foreign.id
        )
        self.assertEqual(result["reason"], "wrong_point")
        self.assertNotIn("partner", result)
