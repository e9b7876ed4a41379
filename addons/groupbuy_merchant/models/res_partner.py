from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    groupbuy_merchant_ids = fields.One2many(
        "groupbuy.merchant", "partner_id", string="Merchants"
    )
    groupbuy_account_ids = fields.One2many(
        "groupbuy.payee.account", "partner_id", string="Payee's Accounts"
    )

    def _groupbuy_is_payee(self, company):
        """Override: merchants add their account before they earn anything."""
        # Only whether this contact is one.
        merchants_sudo = self.sudo().groupbuy_merchant_ids
        return super()._groupbuy_is_payee(company) or any(
            merchant.company_id == company and merchant.state != "rejected"
            for merchant in merchants_sudo
        )
