from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# What people may write themselves; the rest is found by matching.
OPEN_FIELDS = {"note"}


class GroupbuyBillDifference(models.Model):
    """Something that the provider's bill and our books do not say alike."""

    _name = "groupbuy.bill.difference"
    _description = "Difference to a Provider's Bill"
    _order = "date desc, id desc"
    _rec_name = "reference"

    bill_id = fields.Many2one(
        "groupbuy.bill", required=True, index=True, ondelete="cascade", readonly=True
    )
    provider_id = fields.Many2one(related="bill_id.provider_id", store=True)
    company_id = fields.Many2one(related="bill_id.company_id", store=True)
    date = fields.Date(related="bill_id.date", store=True)
    kind = fields.Selection(
        [
            ("missing_here", "Not in our books"),
            ("missing_there", "Not on the bill"),
            ("amount", "Another amount"),
            ("state", "Another state"),
            ("failed", "Refund did not arrive"),
            ("extra_fee", "Unknown fee"),
            ("total", "Bill contradicts itself"),
        ],
        required=True,
        readonly=True,
        index=True,
    )
    reference = fields.Char(required=True, readonly=True)
    currency_id = fields.Many2one(related="bill_id.currency_id")
    provider_amount = fields.Monetary(string="On the Bill", readonly=True)
    our_amount = fields.Monetary(string="In Our Books", readonly=True)
    transaction_id = fields.Many2one(
        "payment.transaction", index="btree_not_null", readonly=True
    )
    payout_id = fields.Many2one(
        "groupbuy.payout", index="btree_not_null", readonly=True
    )
    advice = fields.Text(string="What To Do", compute="_compute_advice")
    state = fields.Selection(
        [("open", "Open"), ("repaired", "Repaired"), ("accepted", "Accepted")],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    note = fields.Text(help="Why it is accepted, or what was done about it.")
    decided_by = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)

    # === COMPUTE METHODS === #

    @api.depends("kind", "transaction_id", "payout_id")
    @api.depends_context("lang")
    def _compute_advice(self):
        advice = {
            "missing_here": self.env._(
                "The provider moved money that we have no payment or refund for. Look "
                "it up at the provider by its number: refund it there if nobody here "
                "is owed it, or note where it belongs and accept it."
            ),
            "missing_there": self.env._(
                "We count on money that the provider does not know of. Ask the "
                "provider; if it is right, correct the books and stop the order."
            ),
            "amount": self.env._(
                "Somebody is owed the difference. Compare the payment at the provider "
                "with the order, then refund or charge the difference and accept it."
            ),
            "state": self.env._(
                "A notification was missed. The provider is asked again by itself; "
                "press Repair to ask now."
            ),
            "failed": self.env._(
                "The provider could not pay the refund out. See at the provider why; "
                "pay it to the resident another way and accept it."
            ),
            "extra_fee": self.env._(
                "A fee for money that we do not know. Ask the provider what it is for, "
                "book it and accept it."
            ),
            "total": self.env._(
                "The bill's own total is not the sum of its rows. Download it again; "
                "if it stays so, ask the provider."
            ),
        }
        payout_advice = {
            "missing_there": self.env._(
                "We count a payout as paid, or as come back, and the provider's bill "
                "does not show it. Ask the provider what became of it."
            ),
            "amount": self.env._(
                "The provider has paid out another amount. Compare its transfer with "
                "the payout, settle the difference with the payee and accept it."
            ),
        }
        twice = self.env._(
            "This was on a bill already. If the provider moved the money twice, ask "
            "for the second back, or give it back."
        )
        for difference in self:
            known = difference.transaction_id or difference.payout_id
            texts = {**advice, **payout_advice} if difference.payout_id else advice
            twice_there = known and difference.kind == "missing_here"
            difference.advice = twice if twice_there else texts.get(difference.kind)

    # === CRUD METHODS === #

    def write(self, vals):
        """Override to keep what was found: people only add notes."""
        if not self.env.su and set(vals) - OPEN_FIELDS:
            raise AccessError(
                self.env._("Only notes about differences can be changed by hand.")
            )
        return super().write(vals)

    # === ACTIONS === #

    def action_repair(self):
        """Ask the providers what has become of these now.

        :raise UserError: there is nothing that asking would repair
        """
        self._check_operator()
        open_sudo = self.sudo().filtered(
            lambda own: own.state == "open" and own.kind == "state"
        )
        if not open_sudo:
            raise UserError(
                self.env._("Only payments and refunds in another state are repaired.")
            )
        open_sudo._repair()
        left = open_sudo.filtered(lambda own: own.state == "open")
        if left:
            message = self.env._("The provider still says otherwise: %s", len(left))
        else:
            message = self.env._("Repaired: %s", len(open_sudo))
        return self.bill_id._notify(message)

    def action_accept(self):
        """Accept these as they are, for the reason noted.

        :raise UserError: a note is missing, or one is not open
        """
        self._check_operator()
        if self.filtered(lambda own: own.state != "open"):
            raise UserError(self.env._("Only open differences can be accepted."))
        if self.filtered(lambda own: not (own.note or "").strip()):
            raise UserError(self.env._("Note why this is accepted, then accept it."))
        self.sudo()._end("accepted")

    def _check_operator(self):
        self.check_access("read")
        self.env.user._groupbuy_check_operator()

    # === REPAIRING === #

    def _repair(self):
        """Ask the providers about what they have done without our hearing of it."""
        for difference in self.filtered(
            lambda own: own.state == "open" and own.kind == "state"
        ):
            tx, payout = difference.transaction_id, difference.payout_id
            try:
                tx._groupbuy_query()
            except UserError as error:
                difference.note = str(error)
                continue
            if payout:
                payout._ask_anew()
            if (
                tx.state == "done"
                or (tx.operation, tx.state) == ("refund", "pending")
                or (payout and payout.state not in ("sent", "awaiting", "paid"))
            ):
                difference._end(
                    "repaired", self.env._("The provider was asked, and confirmed it.")
                )

    def _end(self, state, note=None):
        vals = {
            "state": state,
            "decided_by": self.env.uid,
            "decided_at": fields.Datetime.now(),
        }
        self.write({**vals, "note": note} if note else vals)
