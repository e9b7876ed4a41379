from datetime import UTC, datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..protocols.alipay import CHINA

# Both providers have yesterday's bills at ten, and keep them for about three months.
READY_HOUR = 10
KEPT_DAYS = 85
PROVIDERS = ("wechat_pay", "alipay")


class GroupbuyBill(models.Model):
    """One provider's bill of one day: every movement of money is matched with ours."""

    _name = "groupbuy.bill"
    _description = "Provider's Bill"
    _order = "date desc, provider_id, kind desc"
    _rec_name = "date"

    provider_id = fields.Many2one(
        "payment.provider",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="provider_id.company_id", store=True)
    date = fields.Date(required=True, index=True, readonly=True, help="China's day.")
    kind = fields.Selection(
        [("trade", "Trades"), ("fund", "Funds")], required=True, readonly=True
    )
    state = fields.Selection(
        [
            ("missing", "Not There Yet"),
            ("downloaded", "Downloaded"),
            ("differences", "Differences"),
            ("matched", "Matched"),
        ],
        compute="_compute_state",
        store=True,
        index=True,
    )
    file = fields.Binary(string="Bill", attachment=True, readonly=True)
    file_name = fields.Char(compute="_compute_file_name")
    downloaded_at = fields.Datetime(readonly=True)
    matched_at = fields.Datetime(readonly=True)
    error = fields.Text(string="What Went Wrong", readonly=True)
    currency_id = fields.Many2one(
        "res.currency", default=lambda self: self.env.ref("base.CNY"), readonly=True
    )
    payment_count = fields.Integer(string="Payments", readonly=True)
    payment_amount = fields.Monetary(string="Received", readonly=True)
    refund_count = fields.Integer(string="Refunds", readonly=True)
    refund_amount = fields.Monetary(string="Refunded", readonly=True)
    fee_amount = fields.Monetary(
        string="Fees", readonly=True, help="What the provider kept for its service."
    )
    other_count = fields.Integer(
        string="Other Movements", readonly=True, help="Withdrawals, transfers and such."
    )
    other_amount = fields.Monetary(string="Other Amounts", readonly=True)
    difference_ids = fields.One2many("groupbuy.bill.difference", "bill_id")
    open_count = fields.Integer(
        string="Open Differences", compute="_compute_state", store=True
    )

    _provider_date_kind_uniq = models.Constraint(
        "UNIQUE(provider_id, date, kind)", "A provider has one such bill per day."
    )

    # === COMPUTE METHODS === #

    @api.depends("downloaded_at", "matched_at", "difference_ids.state")
    def _compute_state(self):
        for bill in self:
            left = bill.difference_ids.filtered(lambda own: own.state == "open")
            bill.open_count = len(left)
            if not bill.downloaded_at:
                bill.state = "missing"
            elif not bill.matched_at:
                bill.state = "downloaded"
            else:
                bill.state = "differences" if left else "matched"

    @api.depends("provider_id", "date", "kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for bill in self:
            # Operators see which provider it is, not how it is set up.
            name = bill.provider_id.sudo().name
            bill.display_name = f"{name} {bill.date} {kinds.get(bill.kind)}"

    @api.depends("provider_id", "date", "kind")
    def _compute_file_name(self):
        for bill in self:
            code = bill.provider_id.sudo().code
            extension = "zip" if code == "alipay" else "csv"
            bill.file_name = f"{code}_{bill.kind}_{bill.date}.{extension}"

    # === ACTIONS === #

    def action_download(self):
        """Fetch these bills now, as far as they are missing, and match them anew.

        :raise UserError: the day is not over, or the provider does not give the bill
        """
        self._check_operator()
        bills_sudo = self.sudo().sorted("date")
        today = datetime.now(CHINA).date()
        if bills_sudo.filtered(lambda bill: bill.date >= today):
            raise UserError(self.env._("A day's bill exists when the day is over."))
        for bill in bills_sudo:
            if bill.state == "missing":
                bill._download()
            bill._match()
            bill.difference_ids._repair()
        return bills_sudo._notify(self.env._("%s bills matched.", len(bills_sudo)))

    @api.model
    def action_download_missing(self):
        """Fetch now what is missing until yesterday, without waiting for the clock."""
        self._check_operator()
        bill_model_sudo = self.sudo()
        yesterday = datetime.now(CHINA).date() - timedelta(days=1)
        bill_model_sudo._create_until(yesterday)
        count = len(bill_model_sudo._work_off())
        return self._notify(self.env._("%s bills matched.", count))

    def action_view_differences(self):
        """Open the differences of these bills."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "groupbuy_payment.groupbuy_bill_difference_action"
        )
        return {**action, "domain": [("bill_id", "in", self.ids)], "context": {}}

    def _check_operator(self):
        self.check_access("read")
        self.env.user._groupbuy_check_operator()

    def _notify(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # === EVERY DAY === #

    @api.model
    def _reconcile_daily(self):
        """Match yesterday, from ten o'clock on, and every day missed.

        It looks for bills that are missing, so an outage of whatever length is made up
        for, day by day in order.
        """
        now = datetime.now(CHINA)
        days = 1 if now.hour >= READY_HOUR else 2
        self._create_until(now.date() - timedelta(days=days))
        self._work_off(self.env["ir.cron"]._commit_progress)

    @api.model
    def _create_until(self, last):
        """Create the bills that should exist, from each provider's first payment on."""
        providers = self.env["payment.provider"].search(
            [("code", "in", PROVIDERS), ("state", "!=", "disabled")]
        )
        first_payments = self.env["payment.transaction"]._read_group(
            [("provider_id", "in", providers.ids)], ["provider_id"], ["create_date:min"]
        )
        oldest = last - timedelta(days=KEPT_DAYS)
        bills = self.search([("provider_id", "in", providers.ids)])
        existing = {(bill.provider_id, bill.date, bill.kind) for bill in bills}
        wanted = []
        for provider, first in first_payments:
            date = max(self._get_china_date(first), oldest)
            while date <= last:
                wanted += [(provider, date, kind) for kind in ("trade", "fund")]
                date += timedelta(days=1)
        self.create(
            [
                {"provider_id": provider.id, "date": date, "kind": kind}
                for provider, date, kind in wanted
                if (provider, date, kind) not in existing
            ]
        )

    @api.model
    def _work_off(self, commit_progress=lambda *args, **kwargs: 1.0):
        """Download and match what waits, oldest first; a provider's later bills wait
        for its earlier ones.

        :return: the bills matched
        """
        waiting = self.search(
            [
                ("state", "in", ("missing", "downloaded")),
                ("provider_id.state", "!=", "disabled"),
            ],
            order="date, kind desc, id",
        )
        commit_progress(remaining=len(waiting))
        matched, stuck = self.browse(), set()
        for bill in waiting:
            key = bill.provider_id, bill.kind
            if key not in stuck:
                if bill._try_reconcile(commit_progress):
                    matched |= bill
                else:
                    stuck.add(key)
            if not commit_progress(1):
                break
        return matched

    def _try_reconcile(self, commit_progress):
        """:return: whether this bill could be matched; else it says why not"""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                if self.state == "missing":
                    self._download()
                self._match()
        except UserError as error:
            self.error = str(error)
            return False
        # What is known so far is kept, whatever the provider answers now.
        commit_progress(0)
        self.difference_ids._repair()
        return True

    # === DAYS === #

    @api.model
    def _get_china_date(self, moment):
        """:return: China's date at a moment in UTC without time zone"""
        return fields.Datetime.context_timestamp(
            self.with_context(tz="Asia/Shanghai"), moment
        ).date()

    def _get_end(self):
        """:return: when this bill's day ends, in UTC without time zone"""
        self.ensure_one()
        end = datetime.combine(self.date + timedelta(days=1), time.min, CHINA)
        return end.astimezone(UTC).replace(tzinfo=None)
