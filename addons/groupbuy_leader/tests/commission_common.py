from odoo.fields import Command

from odoo.addons.groupbuy_payment.tests.ledger_common import LedgerCommon


class CommissionCommon(LedgerCommon):
    """Lily leads East Gate, Max leads West Gate. Leeks (10.00, with 13 % VAT) are Green
    Farm's, ginger (20.00, with 9 %) is the platform's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "groupbuy_service_rate": 8,
                "groupbuy_referral_rate": 2,
                "groupbuy_commission_base": "total",
                "groupbuy_claim_days": 0,
            }
        )
        cls.env["groupbuy.commission.rule"].search([]).active = False
        cls.silver, cls.gold = cls.env["groupbuy.leader.level"].create(
            [{"name": "Silver"}, {"name": "Gold", "sequence": 20}]
        )
        cls.lily = cls._create_leader("Lily", cls.point)
        cls.max = cls._create_leader("Max", cls.west)
        category_model = cls.env["product.public.category"]
        cls.vegetables = category_model.create({"name": "Vegetables"})
        cls.leaves, cls.spices = category_model.create(
            [{"name": "Leaves", "parent_id": cls.vegetables.id}, {"name": "Spices"}]
        )
        cls.leek.public_categ_ids = cls.leaves
        cls.ginger.public_categ_ids = cls.spices

    @classmethod
    def _set_up_shares(cls):
        merchant, leek = cls.merchant, cls.leek

        def get_owner(lines):
            return {
                line: (merchant, "merchant")
                if line.product_id == leek
                else (line.company_id.partner_id, "platform")
                for line in lines
            }

        cls.classPatch(
            cls.env.registry["sale.order.line"], "_groupbuy_owner", get_owner
        )

    @classmethod
    def _create_leader(cls, name, point, partner=None):
        partner = partner or cls.env["res.partner"].create({"name": name})
        leader = cls.env["groupbuy.leader"].create(
            {
                "name": name,
                "partner_id": partner.id,
                "user_id": partner.user_ids[:1].id,
                "phone": f"1390531{len(name):04}",
                "point_name": f"{name}'s shop",
                "state": "approved",
                "level_id": cls.silver.id,
                "point_ids": [Command.link(point.id)] if point else [],
            }
        )
        return leader

    def _rule(self, rate=None, **vals):
        """Add a rule below the others, of a percentage unless said otherwise."""
        self.rank = getattr(self, "rank", 0) + 1
        return self.env["groupbuy.commission.rule"].create(
            {"name": f"Rule {self.rank}", "sequence": self.rank, "rate": rate or 0}
            | vals
        )

    def _work_out(self):
        self._run_cron("groupbuy_leader.commission_cron")

    def _get_commissions(self, order):
        return self.env["groupbuy.commission"].search([("order_id", "=", order.id)])

    def _get_earned(self, leader, kind="commission", **domain):
        """:return: what the share ledger says"""
        return self._get_balance(leader.partner_id, "leader", kind=kind, **domain)

    def _claim(self, *args, **kwargs):
        return super()._claim(*args, user=self.operator, **kwargs)

    def _refund(self, order, product, pieces):
        """Give pieces back that were received."""
        self._decide(self._claim(order, product, pieces), decision="refund")
