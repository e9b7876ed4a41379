from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    groupbuy_leader_ids = fields.One2many(
        "groupbuy.leader",
        "partner_id",
        string="Leader",
        groups="community_groupbuy.group_operator",
    )

    def _groupbuy_is_payee(self, company):
        """Override of `groupbuy_payment`: leaders add accounts before they earn."""
        # Only whether there is one. Suspended ones are still paid what they earned.
        leaders_sudo = self.sudo().groupbuy_leader_ids
        return super()._groupbuy_is_payee(company) or any(
            leader.company_id == company and leader.state in ("approved", "suspended")
            for leader in leaders_sudo
        )
