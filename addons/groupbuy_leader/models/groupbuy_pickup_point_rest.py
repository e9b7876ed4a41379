from odoo import api, fields, models
from odoo.fields import Domain


class GroupbuyPickupPoint(models.Model):
    """Who stands in at a point while its leader rests."""

    _inherit = "groupbuy.pickup.point"

    # As `leader_id`: visitors read points.
    substitute_id = fields.Many2one(
        "groupbuy.leader",
        index="btree_not_null",
        ondelete="set null",
        tracking=True,
        copy=False,
        groups="community_groupbuy.group_operator",
        help="Another leader who runs this point on the days of its rest.",
    )
    rest_open = fields.Boolean(
        string="Open All the Same",
        tracking=True,
        copy=False,
        help="The substitute takes new orders, too, while the leader rests.",
    )

    def write(self, vals):
        """Override to let nobody stand in for a leader who has left the point, nor go
        on standing in when another rest begins."""
        if vals.keys() & {"leader_id", "resting"}:
            vals = {"substitute_id": False, "rest_open": False, **vals}
        return super().write(vals)

    # === DAYS === #

    def _is_resting(self, day):
        """Override of `community_groupbuy`: a substitute can keep the point open."""
        return super()._is_resting(day) and not (
            self.rest_open and self._get_substitute(day)
        )

    def _get_substitute(self, day=None):
        """:param day: default: today
        :return: the leader who stands in at this point on that day, sudoed, if any
        """
        self.ensure_one()
        # Only whether somebody stands in, and who may work there, follows from this.
        point_sudo = self.sudo()
        day = day or point_sudo.company_id._get_groupbuy_date()
        substitute_sudo = point_sudo.substitute_id
        stands_in = (
            substitute_sudo.state == "approved"
            and substitute_sudo.company_id == point_sudo.company_id
            and point_sudo._is_rest_day(day)
        )
        return substitute_sudo if stands_in else substitute_sudo.browse()

    # === WHO === #

    def _can_be_run_by(self, user):
        """Override of `community_groupbuy` to let in who stands in today."""
        return super()._can_be_run_by(user) or self._get_substitute()._is_run_by(user)

    @api.model
    def _get_run_by(self, user):
        """Override of `community_groupbuy`: of thousands of points, only those that can
        be a leader's are looked at one by one."""
        if user.has_group("community_groupbuy.group_operator"):
            return super()._get_run_by(user)
        # Filtered by what the user may do there.
        points_sudo = self.sudo().search(
            Domain("company_id", "in", user.sudo().company_ids.ids)
            & (
                Domain("leader_id.user_id", "=", user.id)
                | Domain("substitute_id.user_id", "=", user.id)
            ),
            order="name, id",
        )
        return points_sudo.filtered(lambda point: point._can_be_run_by(user))
