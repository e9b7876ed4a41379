from odoo import fields
from odoo.tests import new_test_user

from .common import GroupbuyCommon


class FulfilmentCommon(GroupbuyCommon):
    """A campaign that has succeeded: its goods lie in the warehouse."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )
        cls.route = cls.env["groupbuy.route"].create({"name": "North"})
        cls.point.route_id = cls.route
        cls.operator = new_test_user(
            cls.env, "gb_fulfiller", groups="community_groupbuy.group_operator"
        )

    def _stock(self, product, quantity):
        """Put goods on the warehouse's shelf."""
        self.env["stock.quant"]._update_available_quantity(
            product, self.warehouse.lot_stock_id, quantity
        )

    def _succeed(self, quantities, product=None, price=10, stock=None, **vals):
        """Sell to residents in this order and close.

        :param quantities: [(user, pieces, point or None, code or None)] or
            [(user, pieces)]
        :return: (campaign, orders in the order of joining)
        """
        product = product or self.leek
        day = fields.Datetime.add(fields.Datetime.now(), days=3)
        campaign = self._create_campaign(
            self._offer(product, price), pickup_date=day, **vals
        )
        orders = self.env["sale.order"]
        for user, pieces, *rest in quantities:
            point, code = (*rest, None, None)[:2]
            orders += self._buy(campaign, user, pieces, code=code, point=point)
        total = sum(pieces for _user, pieces, *_rest in quantities)
        if stock != 0:
            self._stock(product, total if stock is None else stock)
        self._close(campaign)
        self.assertEqual(campaign.state, "succeeded")
        return campaign, orders

    def _get_transfers(self, campaign):
        return self.env["stock.picking"].search(
            [
                ("groupbuy_campaign_id", "=", campaign.id),
                ("groupbuy_kind", "=", "transfer"),
            ],
            order="id",
        )

    def _get_handover(self, order):
        return order.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "handover"
        )

    def _dispatch(self, transfers, backorder=True):
        """Validate as the warehouse does; the wizard decides about what lacks."""
        transfers.action_assign()
        answer = transfers.with_user(self.operator).button_validate()
        if isinstance(answer, dict):
            wizard = (
                self.env[answer["res_model"]]
                .with_user(self.operator)
                .with_context(**answer["context"])
                .create({})
            )
            if backorder:
                wizard.process()
            else:
                wizard.process_cancel_backorder()

    def _at_location(self, product, location):
        return sum(
            self.env["stock.quant"]
            .search(
                [("product_id", "=", product.id), ("location_id", "=", location.id)]
            )
            .mapped("quantity")
        )

    def _get_mails(self, order):
        """:return: the subjects of what was mailed about an order"""
        self._run_cron("sale.send_pending_emails_cron")
        return [subject or "" for subject in order.message_ids.mapped("subject")]

    def assertMailed(self, order, text):
        subjects = self._get_mails(order)
        self.assertTrue(any(text in subject for subject in subjects), subjects)
