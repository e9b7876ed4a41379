from datetime import timedelta
from decimal import Decimal

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from .sale_order_line_share import get_differences

SPLIT_CHUNK = 2000
# What sharing out reads of a line, with what the hooks are likely to.
LINE_FIELDS = (
    "order_id",
    "company_id",
    "product_id",
    "display_type",
    "is_delivery",
    "reward_id",
    "groupbuy_allowance_of_id",
    "groupbuy_bearer",
)
SWEEP_LIMIT = 20_000
TRIES = 3


class SaleOrder(models.Model):
    """Orders whose money is shared out once their residents have everything.

    What an order's lines cost now is compared with what the ledger says about them, and
    the difference is recorded. So splitting twice is splitting once, and refunds, as
    well as hand-overs that are undone, become reversals.
    """

    _inherit = "sale.order"

    groupbuy_split_due = fields.Boolean(
        string="Shares to Record", copy=False, readonly=True
    )
    groupbuy_entry_ids = fields.One2many(
        "groupbuy.ledger.entry", "order_id", string="Shares"
    )

    _groupbuy_split_due_index = models.Index("(id) WHERE groupbuy_split_due")

    # === DUE === #

    def write(self, vals):
        """Override to share out the money of what was received, or is not any more."""
        if "groupbuy_received_at" in vals:
            vals = {**vals, "groupbuy_split_due": True}
            self._groupbuy_trigger_split()
        return super().write(vals)

    def _groupbuy_settle(self, billed, reason, tell):
        """Override to share out less of what costs less."""
        credit_notes = super()._groupbuy_settle(billed, reason, tell)
        received = self.filtered("groupbuy_received_at")
        if received:
            received.groupbuy_split_due = True
            received._groupbuy_trigger_split()
        return credit_notes

    @api.model
    def _groupbuy_trigger_split(self):
        """Have the cron run after this transaction; once is enough."""
        asked = self.env.cr.precommit.data
        if not asked.get("groupbuy_split"):
            asked["groupbuy_split"] = True
            cron = self.env.ref("groupbuy_payment.split_cron", raise_if_not_found=False)
            if cron:
                # The batches that silence other triggers are what this one is about.
                cron.sudo().with_context(groupbuy_closing=False)._trigger()

    @api.model
    def _groupbuy_split_pending(self):
        """Record the shares of all orders that are due, a chunk at a time."""
        self._groupbuy_work_off(
            "groupbuy_split_due",
            "_groupbuy_split",
            lambda error: self.env._("Its money cannot be shared out: %s", error),
        )

    @api.model
    def _groupbuy_work_off(self, due, method, describe):
        """Do for a cron what is due of orders, a chunk at a time.

        :param str due: the field that says so, which the method clears
        :param str method: called on a chunk, or on each order where that fails
        :param describe: of an error, what the operators are told about an order that
            cannot be done; it is not due any more
        """
        commit_progress = self.env["ir.cron"]._commit_progress
        domain = [(due, "=", True)]
        commit_progress(remaining=self.search_count(domain))
        tries = 0
        while orders := self.search(domain, order="id", limit=SPLIT_CHUNK):
            try:
                failed = orders._groupbuy_call_each(method)
            except psycopg2.OperationalError:
                # Somebody has written one of these orders in the meantime.
                tries += 1
                if tries == TRIES:
                    raise
                self.env.cr.rollback()
                continue
            for order, error in failed.items():
                order[due] = False
                order._groupbuy_raise_to_operators(describe(error))
            left = orders.filtered(due)
            if not commit_progress(len(orders - left)) or left:
                break

    @api.model
    def _groupbuy_sweep_split(self, limit=SWEEP_LIMIT):
        """Find orders whose shares are not what their lines cost, however that came.

        :return: the orders, which are due now
        """
        orders = self.browse(
            [row[0] for row in self._groupbuy_find_unsplit(limit=limit)]
        )
        if orders:
            orders.groupbuy_split_due = True
            self._groupbuy_trigger_split()
        return orders

    @api.model
    def _groupbuy_find_unsplit(self, companies=None, limit=100):
        """:return: [(order id, what its lines cost, what the ledger says of them)] of
        orders where a line's shares do not add up to it"""
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                WITH recorded AS (
                  SELECT sale_line_id, SUM(amount) AS amount
                    FROM groupbuy_ledger_entry
                   WHERE sale_line_id IS NOT NULL
                GROUP BY sale_line_id
                ), lines AS (
                  SELECT l.order_id, %(total)s * u.rounding AS total,
                         COALESCE(r.amount, 0) AS amount
                    FROM sale_order_line AS l
                    JOIN sale_order AS o ON o.id = l.order_id
                    JOIN res_company AS c ON c.id = o.company_id
                    JOIN res_currency AS u ON u.id = c.currency_id
               LEFT JOIN recorded AS r ON r.sale_line_id = l.id
                   WHERE (o.groupbuy_received_at IS NOT NULL OR r.amount <> 0)
                     AND (%(all)s OR o.company_id IN %(companies)s)
                )
                  SELECT order_id, SUM(total)::float, SUM(amount)::float
                    FROM lines
                GROUP BY order_id
                  HAVING bool_or(total <> amount)
                ORDER BY order_id
                   LIMIT %(limit)s
                """,
                total=self.order_line._groupbuy_get_total_sql(),
                all=companies is None,
                companies=tuple(companies.ids if companies else [0]),
                limit=limit,
            )
        )

    # === SPLIT === #

    def _groupbuy_split(self):
        """Record whose the money of these orders is, as far as that has changed.

        Orders that somebody else is working on stay due. The rows are written even if
        nothing has changed, so that of two runs at the same time one has to start over.

        :return: the orders done
        """
        self.flush_recordset(["groupbuy_split_due"])
        # It follows from the orders; nobody needs rights on the ledger for it.
        orders_sudo = self.sudo().try_lock_for_update(allow_referencing=True)
        # Of many orders only what is needed, not all that a form would show.
        orders_sudo.fetch(["company_id", "groupbuy_received_at"])
        for company_sudo, own_sudo in orders_sudo.grouped("company_id").items():
            own_sudo._groupbuy_split_company(company_sudo)
        if orders_sudo:
            self.env.execute_query(
                SQL(
                    "UPDATE sale_order SET groupbuy_split_due = FALSE"
                    " WHERE id IN %s RETURNING id",
                    tuple(orders_sudo.ids),
                )
            )
            orders_sudo.invalidate_recordset(["groupbuy_split_due"], flush=False)
        return orders_sudo.sudo(self.env.su)

    def _groupbuy_split_company(self, company):
        lines = self.order_line
        lines.fetch(LINE_FIELDS)
        lines = lines.filtered(lambda line: not line.display_type)
        shares = lines._groupbuy_get_shares()
        recorded, available, earned = self._groupbuy_get_recorded(company)
        differences = get_differences(shares, recorded)
        today = company._get_groupbuy_date()
        days = {order.id: order._groupbuy_get_available_on() for order in self}
        order_of = {line.id: line.order_id for line in lines}
        unit = Decimal(str(company.currency_id.rounding))
        now = fields.Datetime.now()
        self.env["groupbuy.ledger.entry"]._append(
            company,
            [
                {
                    "payee_id": payee_id,
                    "role": role,
                    "kind": kind,
                    "amount": amount * unit,
                    "sale_line_id": line_id,
                    "order_id": order_of[line_id].id,
                    "earned_at": now
                    if line_id in earned
                    else order_of[line_id].groupbuy_received_at or now,
                    # What is taken back early goes with what it is taken from.
                    "available_on": max(
                        today,
                        days[order_of[line_id].id] or available.get(line_id, today),
                    ),
                }
                for (line_id, payee_id, role, kind), amount in differences.items()
            ],
        )

    def _groupbuy_get_recorded(self, company):
        """:return: ({(line id, payee id, role, kind): units}, {line id: the latest day
        on which something of it is available}, the ids of lines in the ledger)"""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sale_line_id, payee_id, role, kind,
                       round(SUM(amount) / %s)::bigint, MAX(available_on)
                  FROM groupbuy_ledger_entry
                 WHERE order_id IN %s AND sale_line_id IS NOT NULL
              GROUP BY sale_line_id, payee_id, role, kind
                """,
                Decimal(str(company.currency_id.rounding)),
                tuple(self.ids),
            )
        )
        recorded, available = {}, {}
        for line_id, payee_id, role, kind, units, day in rows:
            recorded[line_id, payee_id, role, kind] = units
            available[line_id] = max(day, available.get(line_id, day))
        return recorded, available, available.keys()

    def _groupbuy_get_available_on(self):
        """:return: the day on which after-sales requests about this order have ended;
        None if it has not been received"""
        self.ensure_one()
        deadline = self._groupbuy_get_claim_deadline()
        if not deadline:
            return None
        company = self.company_id
        day = company._get_groupbuy_date(deadline)
        # The window ends in the course of its last day.
        return day + timedelta(days=1) if company.groupbuy_claim_days else day

    # === VIEWS === #

    def action_view_groupbuy_entries(self):
        """:return: the action that lists the shares of these orders"""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "groupbuy_payment.groupbuy_ledger_entry_action"
        )
        return {**action, "domain": [("order_id", "in", self.ids)], "context": {}}
