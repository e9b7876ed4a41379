from odoo import fields, models
from odoo.tools import ormcache


class GroupbuyLeader(models.Model):
    _inherit = "groupbuy.leader"

    commission_ids = fields.One2many("groupbuy.commission", "leader_id")

    def write(self, vals):
        """Override: orders that were paid before keep the rates of before."""
        if vals.keys() & {"level_id", "state"}:
            self.env["sale.order"]._groupbuy_fix_pending(self)
        return super().write(vals)

    def action_view_commissions(self):
        """:return: the action that lists what these leaders earn"""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "groupbuy_leader.groupbuy_commission_action"
        )
        return {**action, "domain": [("leader_id", "in", self.ids)], "context": {}}

    def _work_out_commissions(self):
        """Have what is shown to these leaders be what it is now."""
        orders = self.env["sale.order"].search(
            [
                ("groupbuy_commission_due", "=", True),
                "|",
                ("groupbuy_leader_id", "in", self.ids),
                ("groupbuy_referrer_id", "in", self.ids),
            ],
            limit=2000,
        )
        orders._groupbuy_work_out_commissions()


class GroupbuyPickupPoint(models.Model):
    _inherit = "groupbuy.pickup.point"

    @ormcache("self.id")
    def _groupbuy_get_leader_id(self):
        """:return: the id of the leader of this point, or False; orders ask for it
        whenever somebody joins"""
        # Who leads a point is operators' knowledge; here only orders keep it.
        return self.sudo().leader_id.id

    def write(self, vals):
        """Override: whom new orders belong to has changed."""
        if "leader_id" in vals:
            self.env.registry.clear_cache()
        return super().write(vals)
