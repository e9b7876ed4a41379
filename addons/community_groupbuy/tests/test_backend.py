from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestBackend(GroupbuyCommon):
    """What operators do, with an operator's rights and no others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env,
            login="gb_operator",
            groups="base.group_user,community_groupbuy.group_operator",
            tz="Asia/Shanghai",
        )

    def _stock(self, product, quantity):
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        self.env["stock.quant"]._update_available_quantity(
            product, warehouse.lot_stock_id, quantity
        )

    def _get_tile(self, name):
        dashboard = self.env["groupbuy.campaign"].with_user(self.operator)
        tiles = dashboard.get_dashboard()["tiles"]
        return next(tile for tile in tiles if tile["name"] == name)

    def _get_records(self, tile):
        action = tile["action"]
        model = self.env[action["res_model"]].with_user(self.operator)
        return model.search(action["domain"])

    # === VIEWS === #

    def test_operator_sees_every_screen_of_the_app(self):
        campaign = self._create_campaign(self._example())
        self._buy(campaign, self.ann, 2)
        menus = self.env["ir.ui.menu"].with_user(self.operator).load_menus(False)
        actions = {
            menu["action_id"]
            for menu in menus.values()
            if menu.get("xmlid", "").startswith("community_groupbuy.")
            and menu.get("action_model") == "ir.actions.act_window"
        }
        self.assertGreaterEqual(len(actions), 8)
        for action in self.env["ir.actions.act_window"].sudo().browse(actions):
            model = self.env[action.res_model].with_user(self.operator)
            views = model.get_views([*action.views, (False, "search")])
            for mode, view in views["views"].items():
                fields_shown = {
                    node.get("name")
                    for node in etree.fromstring(view["arch"]).iter("field")
                }
                self.assertTrue(fields_shown or mode == "activity", action.name)
            model.search([], limit=1).read(["display_name"])

    def test_form_of_campaign_writes_offers_with_tiers(self):
        model = self.env["groupbuy.campaign"].with_user(self.operator)
        with Form(model) as form:
            form.name = "Leeks"
            with form.offer_ids.new() as offer:
                offer.product_id = self.leek
                self.assertEqual(offer.base_price, 10)
                with offer.tier_ids.new() as tier:
                    tier.min_quantity = 20
                    tier.price = 9
        campaign = form.save()
        self.assertEqual(campaign.state, "draft")
        self.assertEqual(campaign.offer_ids.tier_ids.price, 9)
        self.assertIn("20+", campaign.offer_ids.tier_ids.display_name)

    def test_what_was_agreed_is_readonly_once_somebody_joined(self):
        campaign = self._create_campaign(self._example())
        self._buy(campaign, self.ann, 2)
        with Form(campaign.offer_ids.with_user(self.operator)) as form:
            with self.assertRaisesRegex(AssertionError, "readonly"):
                form.base_price = 5
            form.quota = 50
        self.assertEqual(campaign.offer_ids.quota, 50)

    # === CREATE FROM PRODUCTS === #

    def _open_create(self, products, **context):
        model = self.env["groupbuy.campaign.create"].with_user(self.operator)
        return Form(
            model.with_context(
                active_model=products._name, active_ids=products.ids, **context
            )
        )

    def _create_from(self, wizard):
        """:return: the campaign that the wizard writes"""
        return self.env["groupbuy.campaign"].browse(wizard.action_create()["res_id"])

    def test_create_from_products_applies_the_ladder_and_the_stock(self):
        self._stock(self.leek, 70)
        self._stock(self.ginger, 30)
        form = self._open_create(self.leek | self.ginger)
        form.name = "Roots"
        wizard = form.save()
        self.assertIn("20", wizard.line_ids[0].ladder)
        campaign = self.env["groupbuy.campaign"].browse(
            wizard.action_create()["res_id"]
        )
        self.assertEqual((campaign.name, campaign.state), ("Roots", "draft"))
        leek, ginger = campaign.offer_ids
        self.assertEqual((leek.base_price, leek.quota), (9, 70))
        self.assertEqual(
            leek.tier_ids.mapped(lambda tier: (tier.min_quantity, tier.price)),
            [(20, 8.5), (50, 8)],
        )
        self.assertEqual((ginger.base_price, ginger.quota), (18, 30))
        campaign.with_user(self.operator).action_publish()
        self.assertEqual(campaign.state, "open")

    def test_create_from_product_templates_takes_their_variants(self):
        wizard = Form(
            self.env["groupbuy.campaign.create"]
            .with_user(self.operator)
            .with_context(
                active_model="product.template",
                active_ids=self.leek.product_tmpl_id.ids,
            )
        )
        self.assertEqual(len(wizard.line_ids), 1)

    def test_stock_that_another_campaign_may_sell_is_not_offered_twice(self):
        self._stock(self.leek, 70)
        self._create_campaign(self._example(quota=50))
        form = self._open_create(self.leek)
        form.name = "Second"
        self.assertEqual(form.save().line_ids.quota, 20)

    def test_nothing_in_stock_is_refused_not_sold_without_limit(self):
        form = self._open_create(self.leek)
        form.name = "Empty shelves"
        with self.assertRaisesRegex(UserError, "stock"):
            form.save().action_create()
        form.quota_rule = "none"
        form.save().action_create()

    def test_discounts_must_rise(self):
        form = self._open_create(self.leek)
        form.name = "Rising"
        with form.tier_ids.edit(2) as tier:
            tier.discount = 15
        with self.assertRaisesRegex(ValidationError, "rise"):
            form.save()

    def test_a_step_that_rounding_makes_no_cheaper_is_left_out(self):
        self.leek.list_price = 0.04
        form = self._open_create(self.leek)
        form.name = "Cheap"
        form.quota_rule = "number"
        wizard = form.save()
        base, tiers = wizard.line_ids._get_prices()
        self.assertEqual((base, tiers), (0.04, [(20, 0.03)]))
        wizard.action_create()

    def test_products_are_added_to_a_draft(self):
        campaign = self._create_campaign(self._example(), publish=False)
        form = self._open_create(self.ginger, default_campaign_id=campaign.id)
        form.quota_rule = "number"
        form.quota = 12
        form.save().action_create()
        self.assertEqual(campaign.offer_ids.product_id, self.leek | self.ginger)
        self.assertEqual(campaign.offer_ids[-1].quota, 12)

    # === EXTEND, CLONE === #

    def test_extend(self):
        campaign = self._create_campaign(self._example())
        before = campaign.date_close
        model = self.env["groupbuy.campaign.extend"].with_user(self.operator)
        form = Form(model.with_context(default_campaign_id=campaign.id))
        form.hours = 5
        self.assertEqual(form.date_close, before + timedelta(hours=5))
        form.save().action_extend()
        self.assertEqual(campaign.date_close, before + timedelta(hours=5))

    def test_clone_opens_a_draft_in_the_future(self):
        campaign = self._create_campaign(self._example())
        action = campaign.with_user(self.operator).action_clone()
        clone = self.env["groupbuy.campaign"].browse(action["res_id"])
        self.assertEqual(clone.state, "draft")
        self.assertEqual(clone.offer_ids.tier_ids.mapped("price"), [9, 8])
        self.assertGreater(clone.date_open, fields.Datetime.now())

    # === CLOSE, CANCEL === #

    def _open_end(self, campaign, operation):
        model = self.env["groupbuy.campaign.end"].with_user(self.operator)
        return Form(
            model.with_context(
                default_campaign_id=campaign.id, default_operation=operation
            )
        )

    def test_close_says_before_what_it_then_does(self):
        campaign = self._create_campaign(
            self._example(), self._offer(self.ginger, 20, min_quantity=5)
        )
        first = self._buy(campaign, self.ann, {self.leek: 15})
        second = self._buy(campaign, self.ben, {self.leek: 10, self.ginger: 2})
        form = self._open_end(campaign, "close")
        self.assertEqual(form.outcome, "success")
        self.assertEqual((form.order_count, form.paid_amount), (2, 150 + 90 + 40))
        self.assertEqual(form.refund_amount, 15 + 40)
        wizard = form.save()
        leek, ginger = wizard.line_ids
        self.assertEqual((leek.outcome, leek.quantity, leek.price), ("success", 25, 9))
        self.assertEqual((ginger.outcome, ginger.refund_amount), ("failure", 40))
        wizard.action_confirm()
        self._run_jobs()
        self.assertEqual(campaign.state, "succeeded")
        self.assertEqual(self._get_refunded(first), 15)
        self.assertEqual(self._get_refunded(second), 40)
        self.assertMoney(first, 150, 15)

    def test_close_below_the_goal_says_that_it_fails_or_is_extended(self):
        goal = {"goal_type": "quantity", "goal_value": 100}
        campaign = self._create_campaign(self._example(), **goal)
        self._buy(campaign, self.ann, 2)
        form = self._open_end(campaign, "close")
        self.assertEqual((form.outcome, form.refund_amount), ("failure", 20))
        campaign.on_failure = "extend"
        form = self._open_end(campaign, "close")
        self.assertEqual((form.outcome, form.refund_amount), ("extend", 0))
        self.assertEqual(campaign.state, "open", "a forecast changes nothing")

    def test_cancel_says_before_what_it_then_refunds(self):
        campaign = self._create_campaign(self._example())
        paid = self._buy(campaign, self.ann, 2)
        self._join(campaign, self.ben, 3)
        form = self._open_end(campaign, "cancel")
        self.assertEqual((form.order_count, form.under_way_count), (1, 1))
        self.assertEqual((form.paid_amount, form.refund_amount), (20, 20))
        form.save().action_confirm()
        self._run_jobs()
        self.assertEqual(campaign.state, "cancelled")
        self.assertMoney(paid, 20, 20)

    def test_orders_that_fail_are_listed_until_they_are_processed(self):
        campaign = self._create_campaign(self._example())
        good = self._buy(campaign, self.ann, 2)
        bad = self._buy(campaign, self.ben, 3)
        model = self.env.registry["sale.order"]
        succeed = model._groupbuy_succeed

        def break_one(orders):
            if bad in orders:
                raise ValueError("The shelf fell down.")
            return succeed(orders)

        self.patch(model, "_groupbuy_succeed", break_one)
        campaign.with_user(self.operator).action_close()
        for _step in ("fix the outcome", "process the orders"):
            self.jobs.perform_enqueued_jobs()
        self.env.invalidate_all()
        self.assertEqual(campaign.failed_order_ids, bad)
        self.assertEqual((campaign.order_count, campaign.pending_count), (2, 1))
        self.assertEqual(campaign.closing_progress, 50)
        self.assertEqual(good.state, "sale")
        self.assertEqual(self._get_records(self._get_tile("process")), bad)
        self.patch(model, "_groupbuy_succeed", succeed)
        self.jobs.enqueued_jobs = []
        campaign.with_user(self.operator).action_process_again()
        self._run_jobs()
        self.assertEqual((campaign.state, bad.state), ("succeeded", "sale"))
        self.assertFalse(campaign.failed_order_ids)

    # === ORDERS, REFUNDS === #

    def test_operator_cancels_an_order_with_a_refund(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 2)
        order.with_user(self.operator).action_groupbuy_cancel()
        self._run_jobs()
        self.assertEqual(
            (order.state, order.groupbuy_cancel_reason), ("cancel", "operator")
        )
        self.assertMoney(order, 20, 20)

    def test_odoos_own_cancel_gives_pieces_and_money_back_too(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 2)
        order.with_user(self.operator).action_cancel()
        self._run_jobs()
        self.assertEqual(campaign.offer_ids.paid_quantity, 0)
        self.assertMoney(order, 20, 20)

    def test_failed_refund_is_counted_listed_and_sent_again(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 2)
        self.bank.error = UserError("The bank is closed.")
        order.with_user(self.operator).action_groupbuy_cancel()
        self._run_jobs()
        refund = self._get_refunds(order)
        self.assertEqual(refund.state, "error")
        tile = self._get_tile("refunds")
        self.assertEqual((tile["count"], tile["amount"]), (1, 20))
        self.assertEqual(tile["level"], "danger")
        self.assertEqual(self._get_records(tile), refund)
        self.assertEqual(campaign.failed_refund_count, 1)
        found = campaign.with_user(self.operator).search(
            [("failed_refund_count", ">", 0)]
        )
        self.assertEqual(found, campaign)
        self.bank.error = None
        refund.with_user(self.operator).action_groupbuy_retry()
        self._run_jobs()
        self.assertEqual((refund.state, refund.groupbuy_tries), ("done", 1))
        self.assertEqual(self._get_tile("refunds")["count"], 0)
        self.assertMoney(order, 20, 20)
        with self.assertRaises(UserError):
            refund.with_user(self.operator).action_groupbuy_retry()

    def test_residents_cannot_retry_refunds_or_read_the_dashboard(self):
        with self.assertRaises(AccessError):
            self.env["groupbuy.campaign"].with_user(self.ann).get_dashboard()
        with self.assertRaises(AccessError):
            self.env["payment.transaction"].with_user(self.ann).action_groupbuy_retry()

    # === DASHBOARD, ANALYSIS === #

    def test_each_tile_counts_the_records_that_it_opens(self):
        campaign = self._create_campaign(
            self._example(quota=100),
            date_close=fields.Datetime.now() + timedelta(days=9),
        )
        self._create_campaign(self._offer(self.ginger, 20), publish=False)
        self._buy(campaign, self.ann, 15)
        self._buy(campaign, self.ben, 10)
        ended = self._create_campaign(self._offer(self.ginger, 20))
        self._buy(ended, self.ann, 1)
        self._close(ended)
        self.env["groupbuy.campaign"].flush_model()
        dashboard = self.env["groupbuy.campaign"].with_user(self.operator)
        numbers = dashboard.get_dashboard()
        for tile in numbers["tiles"]:
            self.assertEqual(tile["count"], len(self._get_records(tile)), tile["name"])
        tiles = {tile["name"]: tile for tile in numbers["tiles"]}
        self.assertEqual(self._get_records(tiles["waiting"]), campaign.order_ids)
        self.assertEqual(tiles["waiting"]["amount"], 240)
        self.assertIn(campaign, self._get_records(tiles["open"]))
        self.assertNotIn(campaign, self._get_records(tiles["today"]))
        self.assertIn(ended, self._get_records(tiles["closed"]))
        self.assertEqual(len(numbers["sales"]), 7)
        self.assertEqual(numbers["sales"][-1]["count"], 3)
        self.assertEqual(numbers["sales"][-1]["amount"], 260)
        [shown] = [c for c in numbers["campaigns"] if c["id"] == campaign.id]
        self.assertEqual((shown["paid_quantity"], shown["progress"]), (25, 25))

    def test_dashboard_needs_no_more_queries_for_more_campaigns(self):
        for _index in range(2):
            self._create_campaign(self._example())
        dashboard = self.env["groupbuy.campaign"].with_user(self.operator)
        dashboard.get_dashboard()

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            dashboard.get_dashboard()
            return self.env.cr.sql_log_count - before

        few = count()
        for _index in range(6):
            self._create_campaign(self._example())
        self.assertLessEqual(count(), few)

    def test_stuck_job_is_counted(self):
        before = self._get_tile("jobs")["count"]
        self.env["queue.job"].with_context(
            _job_edit_sentinel=self.env["queue.job"].EDIT_SENTINEL
        ).create(
            {
                "uuid": "groupbuy-stuck",
                "name": "Stuck",
                "user_id": self.env.uid,
                "state": "failed",
                "model_name": "groupbuy.campaign",
                "method_name": "_continue_closing",
                "channel": "root.groupbuy",
                "company_id": self.company.id,
                "date_created": fields.Datetime.now(),
            }
        )
        self.env["queue.job"].flush_model()
        self.assertEqual(self._get_tile("jobs")["count"], before + 1)

    def test_sales_are_analysed_by_campaign_and_pickup_point(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 2)
        self.env.flush_all()
        action = campaign.with_user(self.operator).action_view_revenue()
        report = self.env["sale.report"].with_user(self.operator)
        [(found, point, total)] = report._read_group(
            action["domain"],
            ["groupbuy_campaign_id", "pickup_point_id"],
            ["price_total:sum"],
        )
        self.assertEqual((found, point, total), (campaign, self.point, 20))
        self.assertEqual(campaign.revenue, order.amount_total)

    def test_settings_are_the_companys(self):
        settings = Form(self.env["res.config.settings"])
        settings.groupbuy_hold_minutes = 20
        settings.save().execute()
        self.assertEqual(self.company.groupbuy_hold_minutes, 20)

    def test_orders_of_a_campaign_are_read_only(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 2)
        with Form(order.with_user(self.operator)) as form:
            with self.assertRaisesRegex(AssertionError, "editable"):
                form.order_line.remove(0)

    def test_pickup_point_form(self):
        model = self.env["groupbuy.pickup.point"].with_user(self.operator)
        with Form(model) as form:
            form.name = "West Gate"
        point = form.save()
        self.assertTrue(point.location_id)
        with Form(point) as form:
            form.street = "2 Lake Road"
        self.assertEqual(point.partner_id.street, "2 Lake Road")

    def test_wizard_keeps_the_pickup_points(self):
        form = self._open_create(self.leek)
        form.name = "One point"
        form.quota_rule = "none"
        form.pickup_point_ids = self.point
        wizard = form.save()
        campaign = self.env["groupbuy.campaign"].browse(
            wizard.action_create()["res_id"]
        )
        self.assertEqual(campaign.pickup_point_ids, self.point)
