from odoo import fields, models
from odoo.fields import Command


class ResCompany(models.Model):
    """The residents' wallet: Odoo's eWallet, kept as a liability in the books."""

    _inherit = "res.company"

    groupbuy_wallet_refund = fields.Boolean(
        string="Refunds to the Wallet",
        help="Residents may have refunds put into their wallet instead of sent back.",
    )
    groupbuy_wallet_program_id = fields.Many2one(
        "loyalty.program",
        string="Wallet",
        copy=False,
        domain="[('program_type', '=', 'ewallet')]",
    )
    groupbuy_wallet_account_id = fields.Many2one(
        "account.account",
        string="Residents' Wallets",
        copy=False,
        domain="[('account_type', '=', 'liability_current')]",
        help="What residents have in their wallets and may still spend.",
    )

    def _groupbuy_get_account_specs(self):
        """Override to add the liability for the wallets."""
        return {
            **super()._groupbuy_get_account_specs(),
            "groupbuy_wallet_account_id": (
                "224100",
                "liability_current",
                self.env._("Residents' wallets"),
            ),
        }

    def _groupbuy_get_wallet(self):
        """:return: the program of the residents' wallets, made at first use

        Paying with it, or buying more of it, moves the liability, whatever product it
        is done with.
        """
        self.ensure_one()
        # Residents who choose their wallet have no rights on programs and accounts.
        company_sudo = self.sudo().with_company(self)
        account = company_sudo._groupbuy_get_book("groupbuy_wallet_account_id")
        program = company_sudo.groupbuy_wallet_program_id
        if not program:
            program = (
                self.env["loyalty.program"]
                .sudo()
                .search(
                    [
                        ("program_type", "=", "ewallet"),
                        ("company_id", "in", (False, self.id)),
                        ("currency_id", "=", self.currency_id.id),
                    ],
                    limit=1,
                )
                or company_sudo._groupbuy_create_wallet()
            )
            company_sudo.groupbuy_wallet_program_id = program
        products = (
            program.reward_ids.discount_line_product_id | program.trigger_product_ids
        )
        templates = products.product_tmpl_id.with_company(self)
        for template in templates:
            if template.property_account_income_id != account:
                template.property_account_income_id = account
                # Money that changes its place is no sale.
                template.taxes_id = [Command.clear()]
        return program

    def _groupbuy_create_wallet(self):
        program_model = self.env["loyalty.program"].with_context(
            default_company_id=self.id
        )
        values = program_model._get_template_values()["ewallet"]
        program = program_model.create(
            {
                **values,
                "name": self.env._("Wallet"),
                "company_id": self.id,
                "currency_id": self.currency_id.id,
                "portal_point_name": self.currency_id.symbol,
            }
        )
        # Any amount can be spent, also the last fen.
        program.reward_ids.required_points = self.currency_id.rounding
        return program

    def _groupbuy_get_wallet_provider(self):
        """:return: the internal provider that puts refunds into wallets"""
        self.ensure_one()
        provider_model_sudo = self.env["payment.provider"].sudo()
        provider_sudo = provider_model_sudo.search(
            [("code", "=", "groupbuy_wallet"), ("company_id", "=", self.id)], limit=1
        )
        if not provider_sudo or not provider_sudo.journal_id:
            provider_sudo = self.sudo()._groupbuy_create_wallet_provider(provider_sudo)
        return provider_sudo

    def _groupbuy_create_wallet_provider(self, provider):
        account = self._groupbuy_get_book("groupbuy_wallet_account_id")
        method = self.env.ref("groupbuy_payment.payment_method_wallet")
        provider = provider or self.env["payment.provider"].create(
            {
                "name": self.env._("Residents' Wallets"),
                "code": "groupbuy_wallet",
                "company_id": self.id,
                "payment_method_ids": [Command.set(method.ids)],
            }
        )
        provider._setup_payment_method("groupbuy_wallet")
        provider.state = "enabled"
        journal = self.env["account.journal"].create(
            {
                "name": self.env._("Residents' Wallets"),
                "code": self._groupbuy_find_journal_code("GBW"),
                "type": "bank",
                "company_id": self.id,
                "default_account_id": account.id,
            }
        )
        provider.journal_id = journal
        line = journal.inbound_payment_method_line_ids.filtered(
            lambda line: line.payment_provider_id == provider
        )
        line.payment_account_id = account
        return provider
