from datetime import datetime, time

import pytz
from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.tools import SQL

PERIODS = ("month", "last_month", "year", "all")
SUMS = ("pieces", "sales", "refunded", "fee", "other", "share", "cost", "profit")


class GroupbuyMerchant(models.Model):
    """What a merchant has sold and what is left of it, by product."""

    _inherit = "groupbuy.merchant"

    def _prepare_figures(self, period=None):
        """Add up the orders that residents have received in a period.

        :param str period: month (this one), last_month, year, or all; else month
        :return: {"period", "periods": [(name, label)], "rows", "total"}; a row is
            {"product", "pieces", "sales" (less what was given back, with tax),
            "refunded", "fee", "other" (what leaders get), "share" (the merchant's),
            "cost" (pieces at today's cost), "profit"}, the total has no product;
            in the company's currency
        """
        self.ensure_one()
        period = period if period in PERIODS else PERIODS[0]
        labels = {
            "month": self.env._("This month"),
            "last_month": self.env._("Last month"),
            "year": self.env._("This year"),
            "all": self.env._("All"),
        }
        rows = [self._prepare_figures_row(row) for row in self._sum_sales(period)]
        rounded = self.currency_id.round
        total = {name: rounded(sum(row[name] for row in rows)) for name in SUMS}
        return {
            "period": period,
            "periods": list(labels.items()),
            "rows": sorted(rows, key=lambda row: row["sales"], reverse=True),
            "total": total,
        }

    def _get_period(self, period):
        """:return: (first moment, moment after the last one), UTC; None for no limit"""
        today = self.company_id._get_groupbuy_date()
        first = today.replace(day=1)
        begin, end = {
            "month": (first, None),
            "last_month": (first - relativedelta(months=1), first),
            "year": (today.replace(month=1, day=1), None),
            "all": (None, None),
        }[period]
        zone = pytz.timezone(self.company_id._get_groupbuy_zone())
        return tuple(
            day
            and zone.localize(datetime.combine(day, time.min))
            .astimezone(pytz.utc)
            .replace(tzinfo=None)
            for day in (begin, end)
        )

    def _sum_sales(self, period):
        """:return: [{"product_id", "pieces", "sales", "refunded", "fee", "share"}]"""
        self.env.flush_all()
        begin, end = self._get_period(period)
        return self.env.execute_query_dict(
            SQL(
                """
                WITH sold AS (
                  SELECT l.id, l.product_id, l.product_uom_qty
                    FROM sale_order_line AS l
                    JOIN sale_order AS o ON o.id = l.order_id
                   WHERE l.groupbuy_merchant_id = %(merchant)s
                     AND l.reward_id IS NULL AND l.groupbuy_allowance_of_id IS NULL
                     AND o.groupbuy_received_at IS NOT NULL
                     AND (%(begin)s::timestamp IS NULL
                          OR o.groupbuy_received_at >= %(begin)s)
                     AND (%(end)s::timestamp IS NULL
                          OR o.groupbuy_received_at < %(end)s)
                ), parts AS (
                  SELECT id, id AS line_id FROM sold
               UNION ALL
                  SELECT a.id, sold.id
                    FROM sale_order_line AS a
                    JOIN sold ON sold.id = a.groupbuy_allowance_of_id
                ), shares AS (
                  SELECT parts.line_id,
                         SUM(e.amount) AS sales,
                         -SUM(LEAST(e.amount, 0)) AS refunded,
                         SUM(e.amount) FILTER (WHERE e.kind = 'fee') AS fee,
                         SUM(e.amount) FILTER (WHERE e.payee_id = %(payee)s) AS share
                    FROM parts
                    JOIN groupbuy_ledger_entry AS e ON e.sale_line_id = parts.id
                GROUP BY parts.line_id
                )
                  SELECT sold.product_id,
                         SUM(sold.product_uom_qty)::float AS pieces,
                         COALESCE(SUM(shares.sales), 0)::float AS sales,
                         COALESCE(SUM(shares.refunded), 0)::float AS refunded,
                         COALESCE(SUM(shares.fee), 0)::float AS fee,
                         COALESCE(SUM(shares.share), 0)::float AS share
                    FROM sold
               LEFT JOIN shares ON shares.line_id = sold.id
                GROUP BY sold.product_id
                """,
                merchant=self.id,
                payee=self.partner_id.id,
                begin=begin,
                end=end,
            )
        )

    def _prepare_figures_row(self, row):
        product = self.env["product.product"].browse(row.pop("product_id"))
        product = product.with_company(self.company_id)
        rounded = self.currency_id.round
        cost = row["pieces"] * product.standard_price
        amounts = {
            **row,
            "other": row["sales"] - row["fee"] - row["share"],
            "cost": cost,
            "profit": row["share"] - cost,
        }
        return {
            "product": product.with_context(display_default_code=False).display_name,
            **{name: rounded(amount) for name, amount in amounts.items()},
        }
