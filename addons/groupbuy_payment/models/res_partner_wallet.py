from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _groupbuy_get_wallet_card(self, company):
        """:return: the card of this resident's wallet, sudoed, made at first use"""
        self.ensure_one()
        program_sudo = company._groupbuy_get_wallet()
        card_model_sudo = self.env["loyalty.card"].sudo()
        domain = [
            ("program_id", "=", program_sudo.id),
            ("partner_id", "=", self.id),
        ]
        card_sudo = card_model_sudo.search(domain, order="id", limit=1)
        if not card_sudo:
            # Two refunds at once must not make two wallets: they collide here.
            self._groupbuy_lock_payouts()
            card_sudo = card_model_sudo.with_context(loyalty_no_mail=True).create(
                {
                    "program_id": program_sudo.id,
                    "partner_id": self.id,
                    "points": 0,
                }
            )
        return card_sudo

    def _groupbuy_get_wallet_balance(self, company):
        """:return: what this resident has in the wallet; 0 where there is none"""
        self.ensure_one()
        program_sudo = company.sudo().groupbuy_wallet_program_id
        if not program_sudo:
            return 0.0
        # One's own wallet.
        ((points,),) = (
            self.env["loyalty.card"]
            .sudo()
            ._read_group(
                [("program_id", "=", program_sudo.id), ("partner_id", "=", self.id)],
                [],
                ["points:sum"],
            )
        )
        return company.currency_id.round(points or 0.0)
