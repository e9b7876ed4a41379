from odoo import fields, models


class GroupbuyPickupPoint(models.Model):
    _inherit = "groupbuy.pickup.point"

    # Visitors read points; who leads one is told to them on the leader's own page.
    leader_id = fields.Many2one(
        "groupbuy.leader",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        copy=False,
        groups="community_groupbuy.group_operator",
        help="Who runs this point and earns on its orders.",
    )

    def _can_be_run_by(self, user):
        """Override of `community_groupbuy` to let leaders run their own points."""
        self.ensure_one()
        # Who leads a point is operators' knowledge; here only this user is compared.
        leader_sudo = self.sudo().leader_id
        return super()._can_be_run_by(user) or leader_sudo._is_run_by(user)
