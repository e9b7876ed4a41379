from odoo import api, fields, models
from odoo.exceptions import ValidationError


class GroupbuyMerchantMember(models.Model):
    """Who works for a merchant, and what they may do: owners everything, staff goods
    and orders, finance money."""

    _name = "groupbuy.merchant.member"
    _description = "Merchant's User"
    _order = "merchant_id, id"
    _rec_name = "user_id"

    merchant_id = fields.Many2one(
        "groupbuy.merchant", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="merchant_id.company_id", store=True)
    user_id = fields.Many2one(
        "res.users",
        required=True,
        index=True,
        ondelete="cascade",
        domain=[("share", "=", True)],
    )
    role = fields.Selection(
        [("owner", "Owner"), ("staff", "Staff"), ("finance", "Finance")],
        required=True,
        default="staff",
    )

    _user_unique = models.UniqueIndex(
        "(user_id, company_id)", "This user works for a merchant already."
    )

    @api.constrains("user_id")
    def _check_user(self):
        for member in self:
            # Whether the account is of the portal says nothing that is secret.
            user_sudo = member.user_id.sudo()
            if not user_sudo._is_portal():
                raise ValidationError(
                    self.env._(
                        "Merchants' users sign in to the portal; %s does not.",
                        user_sudo.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        members.merchant_id._grant()
        return members

    def write(self, vals):
        """Override: another user is another member."""
        if {"user_id", "merchant_id"} & set(vals):
            raise ValidationError(
                self.env._("Remove this user and add the other one instead.")
            )
        return super().write(vals)

    def unlink(self):
        """Override to take away the rights as well."""
        users_sudo = self.user_id.sudo()
        result = super().unlink()
        group = self.env.ref("groupbuy_merchant.group_merchant")
        left = self.sudo().search([("user_id", "in", users_sudo.ids)]).user_id
        (users_sudo - left).group_ids -= group
        return result
