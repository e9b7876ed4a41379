from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain


class GroupbuyPickupPoint(models.Model):
    """Who leads a point, and how it comes to another leader."""

    _inherit = "groupbuy.pickup.point"

    def action_open_transfer(self):
        """Open the form that hands these points to another leader."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Transfer to Another Leader"),
            "res_model": "groupbuy.pickup.point.transfer",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_point_ids": self.ids},
        }

    def action_transfer(self, leader, move_orders=True, reason=""):
        """Let another leader run these points from now on.

        :param leader: an approved `groupbuy.leader`, or empty for none
        :param bool move_orders: whether the new leader earns on the open orders, too
        :param str reason: written in the points' chatter
        :raise AccessError: the user is no operator
        :raise UserError: the leader is not approved, of another company, or leads one
            of these points already
        """
        self.check_access("write")
        # Who leads is decided here; orders are no operator's to write.
        points_sudo, leader_sudo = self.sudo(), leader.sudo()
        if leader_sudo and leader_sudo.state != "approved":
            raise UserError(
                self.env._("%s is not an approved leader.", leader_sudo.name)
            )
        for point_sudo in points_sudo:
            if leader_sudo and leader_sudo.company_id != point_sudo.company_id:
                raise UserError(
                    self.env._("Leader and pickup point belong to different companies.")
                )
            if leader_sudo == point_sudo.leader_id:
                raise UserError(
                    self.env._("%s is led like this already.", point_sudo.name)
                )
        orders_sudo = self.env["sale.order"].sudo()
        if move_orders:
            orders_sudo = orders_sudo.search(points_sudo._get_open_orders_domain())
        before = {point_sudo: point_sudo.leader_id for point_sudo in points_sudo}
        points_sudo.leader_id = leader_sudo
        orders_sudo = orders_sudo._groupbuy_set_leader(leader_sudo)
        counts = {
            point_sudo: len(own)
            for point_sudo, own in orders_sudo.grouped("pickup_point_id").items()
        }
        for point_sudo in points_sudo:
            note = self.env._(
                "Led by %(after)s instead of %(before)s; open orders that go along: "
                "%(orders)s.",
                after=leader_sudo.name or self.env._("nobody"),
                before=before[point_sudo].name or self.env._("nobody"),
                orders=counts.get(point_sudo, 0),
            )
            if reason:
                note += f" {reason}"
            point_sudo.message_post(body=note)
            for one_sudo in before[point_sudo] | leader_sudo:
                one_sudo.message_post(
                    body=self.env._(
                        "%(point)s: %(note)s", point=point_sudo.name, note=note
                    )
                )

    def _get_open_orders_domain(self):
        """:return: the orders of these points that are not at their end"""
        return Domain("pickup_point_id", "in", self.ids) & Domain(
            "groupbuy_status",
            "in",
            ("to_pay", "waiting", "to_ship", "shipped", "ready"),
        )
