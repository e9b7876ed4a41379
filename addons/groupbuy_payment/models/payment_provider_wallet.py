from odoo import fields, models


class PaymentProvider(models.Model):
    """Residents' wallets as a provider: it refunds, and nobody pays through it.

    Paying with a wallet is a line of the order, as with every eWallet of Odoo.
    """

    _inherit = "payment.provider"

    code = fields.Selection(
        selection_add=[("groupbuy_wallet", "Residents' Wallets")],
        ondelete={"groupbuy_wallet": "set default"},
    )

    def _compute_feature_support_fields(self):
        """Override of `payment`: refunds, also partial ones."""
        res = super()._compute_feature_support_fields()
        self.filtered(lambda provider: provider.code == "groupbuy_wallet").update(
            {"support_refund": "partial"}
        )
        return res

    def _get_compatible_providers(self, *args, **kwargs):
        """Override of `payment`: never offered as a way to pay."""
        providers = super()._get_compatible_providers(*args, **kwargs)
        return providers.filtered(lambda provider: provider.code != "groupbuy_wallet")
