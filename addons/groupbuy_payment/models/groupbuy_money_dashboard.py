from odoo import api, models


class GroupbuyMoney(models.AbstractModel):
    """What operators see of it: a tile per figure, and what is behind it."""

    _inherit = "groupbuy.money"

    @api.model
    @api.readonly
    def get_dashboard(self):
        """Add up where the current company's money is.

        :return: {"currency_id", "tiles": [{"name", "label", "help", "amount", "ledger":
            the same from the general ledger, "ok": whether they are equal, "action":
            what opens the records behind it, "parts": [{"label", "amount",
            "action"}]}]}
        :raise AccessError: the user is no operator
        """
        self._check_operator()
        company = self.env.company
        # Sums of the current company only, for operators.
        figures = self.sudo()._get_figures(company)
        return {
            "currency_id": company.currency_id.id,
            "tiles": [
                self._prepare_tile(company, figures, **tile)
                for tile in self._get_tiles(company)
            ],
        }

    @api.model
    def _check_operator(self):
        self.env.user._groupbuy_check_operator()

    @api.model
    def _prepare_tile(self, company, figures, name, parts=(), **tile):
        amount, ledger = figures[name]
        currency = company.currency_id
        return {
            **tile,
            "name": name,
            "amount": currency.round(amount),
            "ledger": currency.round(ledger),
            "ok": not currency.compare_amounts(amount, ledger),
            "parts": [
                {**part, "amount": currency.round(figures[part["name"]][0])}
                for part in parts
            ],
        }

    @api.model
    def _get_tiles(self, company):
        """Hook for others to add figures.

        :return: dicts with name (of a figure), label, help, action and parts
        """
        own = [("company_id", "=", company.id)]
        shares = [*own, ("role", "=", "platform"), ("kind", "!=", "wallet")]
        currency = company.currency_id
        shares += ["|", ("order_id", "=", False)]
        shares += [("order_id.currency_id", "=", currency.id)]
        own.append(("currency_id", "=", currency.id))
        ordered = [
            *own,
            "|",
            ("groupbuy_campaign_id", "!=", False),
            ("pickup_point_id", "!=", False),
        ]
        done = [*own, ("state", "=", "done")]
        return [
            {
                "name": "received",
                "label": self.env._("Received"),
                "help": self.env._("What residents have paid."),
                "action": self._get_action(
                    "community_groupbuy.payment_transaction_action",
                    [
                        *done,
                        ("operation", "not in", ("refund", "validation")),
                        "|",
                        ("groupbuy_order_id", "!=", False),
                        ("sale_order_ids.pickup_point_id", "!=", False),
                    ],
                    self.env._("Received"),
                ),
            },
            {
                "name": "refunded",
                "label": self.env._("Refunded"),
                "help": self.env._("What residents have got back."),
                "action": self._get_action(
                    "community_groupbuy.payment_transaction_action",
                    [
                        *done,
                        ("groupbuy_order_id", "!=", False),
                        ("operation", "=", "refund"),
                    ],
                    self.env._("Refunded"),
                ),
            },
            {
                "name": "refunding",
                "label": self.env._("Refunds on Their Way"),
                "help": self.env._("What residents get back, but have not got yet."),
                "action": self._get_action(
                    "community_groupbuy.payment_transaction_action",
                    [
                        *own,
                        ("groupbuy_order_id", "!=", False),
                        ("operation", "=", "refund"),
                        ("state", "not in", ("done", "cancel")),
                    ],
                    self.env._("Refunds on Their Way"),
                ),
            },
            {
                "name": "held",
                "label": self.env._("Not Handed Over Yet"),
                "help": self.env._("Paid for goods that residents still wait for."),
                "action": self._get_action(
                    "community_groupbuy.sale_order_action",
                    [
                        *ordered,
                        ("groupbuy_received_at", "=", False),
                        ("state", "in", ("sent", "sale")),
                    ],
                    self.env._("Not Handed Over Yet"),
                ),
            },
            self._get_payee_tile(company, "merchant", self.env._("Owed to Merchants")),
            self._get_payee_tile(company, "leader", self.env._("Owed to Leaders")),
            {
                "name": "platform",
                "label": self.env._("Platform's Own"),
                "help": self.env._(
                    "What is left of the goods handed over for the platform."
                ),
                "action": self._get_action(
                    "groupbuy_payment.groupbuy_ledger_entry_action",
                    shares,
                    self.env._("Platform's Own"),
                ),
            },
        ]

    @api.model
    def _get_payee_tile(self, company, role, label):
        """:return: what is owed to those of a role: not settled, and billed"""
        shares = "groupbuy_payment.groupbuy_ledger_entry_action"
        own = [("company_id", "=", company.id), ("role", "=", role)]
        unsettled = [*own, ("settlement_id", "=", False)]
        return {
            "name": role,
            "label": label,
            "help": self.env._("Shares that have not been settled, and unpaid bills."),
            "action": self._get_action(shares, unsettled, label),
            "parts": [
                {
                    "name": f"{role}_unsettled",
                    "label": self.env._("Not settled"),
                    "action": self._get_action(shares, unsettled, label),
                },
                {
                    "name": f"{role}_billed",
                    "label": self.env._("Billed"),
                    "action": self._get_action(
                        "groupbuy_payment.groupbuy_settlement_action",
                        [*own, ("state", "!=", "paid")],
                        label,
                    ),
                },
            ],
        }

    @api.model
    def _get_action(self, xmlid, domain, name):
        """:return: an action over the records of `domain` only"""
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {
            **action,
            "domain": domain,
            "context": {"create": False},
            "display_name": name,
        }
