from odoo import fields, models


class PaymentTransaction(models.Model):
    """Where the provider's bills have this payment or refund."""

    _inherit = "payment.transaction"

    groupbuy_trade_bill_id = fields.Many2one(
        "groupbuy.bill",
        string="Trade Bill",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    groupbuy_fund_bill_id = fields.Many2one(
        "groupbuy.bill",
        string="Fund Bill",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="set null",
    )

    # What is on no bill yet is looked for every day.
    _groupbuy_no_trade_bill_idx = models.Index(
        "(provider_id, last_state_change) "
        "WHERE state = 'done' AND groupbuy_trade_bill_id IS NULL"
    )
    _groupbuy_no_fund_bill_idx = models.Index(
        "(provider_id, last_state_change) "
        "WHERE state = 'done' AND groupbuy_fund_bill_id IS NULL"
    )
