from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.sql import column_exists, create_column


class SaleOrder(models.Model):
    """Who leads the point of an order, as of the order's day."""

    _inherit = "sale.order"

    groupbuy_leader_id = fields.Many2one(
        "groupbuy.leader",
        string="Leader",
        compute="_compute_groupbuy_leader_id",
        store=True,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
        groups="community_groupbuy.group_operator",
        help="Of the pickup point when the order was placed or moved there.",
    )

    def _auto_init(self):
        """No point had a leader before: nothing has to be computed."""
        if not column_exists(self.env.cr, self._table, "groupbuy_leader_id"):
            create_column(self.env.cr, self._table, "groupbuy_leader_id", "int4")
        return super()._auto_init()

    # The leader of another day earns nothing on what was ordered before.
    @api.depends("pickup_point_id")
    def _compute_groupbuy_leader_id(self):
        leader_model = self.env["groupbuy.leader"]
        for order in self:
            leader_id = order.pickup_point_id._groupbuy_get_leader_id()
            order.groupbuy_leader_id = leader_model.browse(leader_id)

    def _groupbuy_set_leader(self, leader):
        """Hand those of these orders that nobody has received yet to another leader,
        with what they will earn.

        Rates stay those of the day of payment. What was received stays with whoever
        served it.

        :param leader: a `groupbuy.leader`, or empty
        :return: the orders that changed hands, sudoed
        :raise UserError: the leader is another company's
        """
        # Whoever decides about points need not be allowed to write orders.
        orders_sudo = self.sudo().filtered(
            lambda order: (
                not order.groupbuy_received_at and order.groupbuy_leader_id != leader
            )
        )
        if leader and orders_sudo.company_id - leader.company_id:
            raise UserError(
                self.env._("%s is a leader of another company.", leader.display_name)
            )
        orders_sudo._groupbuy_fix_before()
        orders_sudo.groupbuy_leader_id = leader
        orders_sudo._groupbuy_follow_leader()
        return orders_sudo
