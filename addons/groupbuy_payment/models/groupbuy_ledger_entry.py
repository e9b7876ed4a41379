from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

ROLES = [("platform", "Platform"), ("merchant", "Merchant"), ("leader", "Leader")]
KINDS = [
    ("goods", "Goods"),
    ("allowance", "Allowance"),
    ("discount", "Discount"),
    ("delivery", "Delivery"),
    ("wallet", "Paid by Wallet"),
    ("commission", "Commission"),
    ("referral", "Commission for Bringing an Order"),
    ("fee", "Platform Fee"),
    ("adjustment", "Adjustment"),
]
# In the order of the columns that are written.
COLUMNS = {
    "payee_id": "int",
    "role": "varchar",
    "kind": "varchar",
    "amount": "numeric",
    "sale_line_id": "int",
    "order_id": "int",
    "company_id": "int",
    "available_on": "date",
    "earned_at": "timestamp",
    "move_id": "int",
}


class GroupbuyLedgerEntry(models.Model):
    """Who owns how much of what was sold: entries are appended, never changed.

    A mistake is put right by another entry. The database itself refuses changes, except
    that an entry is settled, and accrued, once.
    """

    _name = "groupbuy.ledger.entry"
    _description = "Share of a Sale"
    _order = "id desc"
    _rec_name = "order_id"

    payee_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    role = fields.Selection(ROLES, required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    amount = fields.Monetary(
        required=True,
        readonly=True,
        help="Above 0: owed to the payee. In the company's currency, with tax.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    sale_line_id = fields.Many2one(
        "sale.order.line",
        string="Order Line",
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    order_id = fields.Many2one(
        "sale.order", readonly=True, index=True, ondelete="restrict"
    )
    earned_at = fields.Datetime(required=True, readonly=True)
    available_on = fields.Date(
        required=True,
        readonly=True,
        help="From this day on it is settled: after-sales requests have ended.",
    )
    settlement_id = fields.Many2one(
        "groupbuy.settlement",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Accrual",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )

    _unsettled_index = models.Index(
        "(company_id, payee_id, role, available_on) WHERE settlement_id IS NULL"
    )

    def init(self):
        """Have the database refuse what would change the past."""
        result = super().init()
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION groupbuy_ledger_entry_keep() RETURNS trigger AS
            $$
            DECLARE
                same groupbuy_ledger_entry%ROWTYPE;
            BEGIN
                IF TG_OP = 'UPDATE' THEN
                    same := NEW;
                    IF OLD.settlement_id IS NULL THEN
                        same.settlement_id := NULL;
                    END IF;
                    IF OLD.move_id IS NULL THEN
                        same.move_id := NULL;
                    END IF;
                    same.write_uid := OLD.write_uid;
                    same.write_date := OLD.write_date;
                    IF same IS NOT DISTINCT FROM OLD THEN
                        RETURN NEW;
                    END IF;
                END IF;
                RAISE EXCEPTION 'Entries of the share ledger stay as they are.'
                    USING ERRCODE = 'restrict_violation';
            END
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS groupbuy_ledger_entry_keep
                ON groupbuy_ledger_entry;
            CREATE TRIGGER groupbuy_ledger_entry_keep
                BEFORE UPDATE OR DELETE ON groupbuy_ledger_entry
                FOR EACH ROW EXECUTE FUNCTION groupbuy_ledger_entry_keep();
            DROP TRIGGER IF EXISTS groupbuy_ledger_entry_keep_all
                ON groupbuy_ledger_entry;
            CREATE TRIGGER groupbuy_ledger_entry_keep_all
                BEFORE TRUNCATE ON groupbuy_ledger_entry
                FOR EACH STATEMENT EXECUTE FUNCTION groupbuy_ledger_entry_keep();
            """
        )
        return result

    def write(self, vals):
        """Override to keep what was recorded.

        :raise UserError: there is such an entry
        """
        if self:
            raise UserError(self.env._("Entries of the share ledger stay as they are."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Entries of the share ledger stay as they are."))

    # === APPENDING === #

    @api.model
    def _append(self, company, entries):
        """Record shares, and accrue what is owed to others in one journal entry.

        :param company: whose sales these are
        :param list entries: dicts of all of `COLUMNS` but the last four's company and
            accrual; amounts as `Decimal`, in the company's currency
        """
        if not entries:
            return
        sums = defaultdict(Decimal)
        for entry in entries:
            if entry["role"] != "platform":
                sums[entry["payee_id"], entry["role"]] += entry["amount"]
        move = self._accrue(company, sums)
        accrued = {True: None, False: move.id or None}
        rows = [
            {
                **entry,
                "company_id": company.id,
                "move_id": accrued[entry["role"] == "platform"],
            }
            for entry in entries
        ]
        columns = [[row[name] for row in rows] for name in COLUMNS]
        self.env.execute_query(
            SQL(
                """
                INSERT INTO groupbuy_ledger_entry
                       (%s, create_uid, create_date)
                SELECT *, %s, %s FROM unnest(%s)
             RETURNING id
                """,
                SQL(", ").join(SQL.identifier(name) for name in COLUMNS),
                self.env.uid,
                self.env.cr.now(),
                SQL(", ").join(
                    SQL("%s::%s[]", values, SQL(kind))
                    for values, kind in zip(columns, COLUMNS.values(), strict=True)
                ),
            )
        )
        self.invalidate_model()

    @api.model
    def _accrue(self, company, sums):
        """Write what merchants and leaders have earned into the books.

        :param dict sums: {(payee id, role): `Decimal`}
        :return: the journal entry, posted; none if everything cancels out
        """
        items, spent = [], defaultdict(Decimal)
        for (payee_id, role), amount in sums.items():
            if amount:
                spent[role] += amount
                account = company._groupbuy_get_book(f"groupbuy_{role}_account_id")
                items.append(
                    {
                        "account_id": account.id,
                        "partner_id": payee_id,
                        "balance": -float(amount),
                        "analytic_distribution": False,
                    }
                )
        for role, amount in spent.items():
            if amount:
                name = f"groupbuy_{role}_expense_account_id"
                account = company._groupbuy_get_book(name)
                items.append({"account_id": account.id, "balance": float(amount)})
        # Whoever hands over goods has no rights on accounts.
        move_model_sudo = self.env["account.move"].sudo().with_company(company)
        if not items:
            return move_model_sudo
        journal = company._groupbuy_get_book("groupbuy_share_journal_id")
        move_sudo = move_model_sudo.with_context(
            skip_invoice_sync=True, tracking_disable=True, mail_create_nosubscribe=True
        ).create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "ref": self.env._("Shares of what was received"),
                "line_ids": [Command.create(item) for item in items],
            }
        )
        return move_sudo._post(soft=False)

    # === WHAT IS OPEN === #

    @api.model
    def _get_settleable_condition(self, until):
        """:return: SQL on entries `e`: open, and available until a day. What somebody
        complains about waits until that is settled."""
        return SQL(
            """
            e.settlement_id IS NULL AND e.role <> 'platform' AND e.available_on <= %s
            AND (e.amount < 0 OR NOT EXISTS (
                SELECT FROM groupbuy_claim_line AS claimed
                  JOIN groupbuy_claim AS claim ON claim.id = claimed.claim_id
                 WHERE claimed.sale_line_id = e.sale_line_id
                   AND claimed.settled_at IS NULL
                   AND claim.withdrawn_at IS NULL))
            """,
            until,
        )

    @api.model
    def _get_unsettled(self, payees, company=None):
        """Count what payees have earned that no settlement holds yet.

        :return: {payee: {"available": amount, "frozen": amount}} in the company's
            currency; both may be negative
        """
        company = company or self.env.company
        self.flush_model()
        self.env["groupbuy.claim.line"].flush_model()
        self.env["groupbuy.claim"].flush_model(["withdrawn_at"])
        today = company._get_groupbuy_date()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.payee_id, SUM(e.amount),
                       COALESCE(SUM(e.amount) FILTER (WHERE %(open)s), 0)
                  FROM groupbuy_ledger_entry AS e
                 WHERE e.settlement_id IS NULL AND e.role <> 'platform'
                   AND e.company_id = %(company)s AND e.payee_id IN %(payees)s
              GROUP BY e.payee_id
                """,
                open=self._get_settleable_condition(today),
                company=company.id,
                payees=tuple(payees.ids) or (0,),
            )
        )
        sums = {payee: (float(total), float(own)) for payee, total, own in rows}
        result = {}
        for payee in payees:
            total, available = sums.get(payee.id, (0.0, 0.0))
            frozen = company.currency_id.round(total - available)
            result[payee] = {"available": available, "frozen": frozen}
        return result
