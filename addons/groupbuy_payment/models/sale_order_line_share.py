from odoo import models
from odoo.tools import SQL


def share_out(total, charges):
    """Divide what a line costs: charges first, in their order; the owner has the rest.

    All amounts are integers, in the smallest unit of the currency, so that the shares
    add up to the line. The rest is what rounding of the charges leaves, too. No charge
    takes more than what the charges before it left, so the rest never turns against
    its owner; where the line itself gives money back, everything is mirrored.

    :param int total: of the line; negative where it gives back
    :param list charges: [(key, amount)]
    :return: ({key: amount} without zeros, the rest)
    """
    sign = -1 if total < 0 else 1
    left = abs(total)
    shares = {}
    for key, amount in charges:
        part = min(max(sign * amount, 0), left)
        if part:
            shares[key] = shares.get(key, 0) + sign * part
        left -= part
    return shares, sign * left


def get_differences(target, recorded):
    """Find what has to be recorded so that `recorded` becomes `target`.

    :param dict target: {key: integer}
    :param dict recorded: {key: integer}
    :return: {key: integer} without zeros
    """
    differences = {
        key: target.get(key, 0) - recorded.get(key, 0) for key in {**target, **recorded}
    }
    return {key: amount for key, amount in differences.items() if amount}


class SaleOrderLine(models.Model):
    """Whose a line's money is."""

    _inherit = "sale.order.line"

    # === HOOKS === #

    def _groupbuy_owner(self):
        """Hook: who has what is left of these lines after the charges.

        The answer must not change once an order was received: if it does, what was
        recorded for the old owner is taken back with the order's next refund.

        :return: {line: (partner, role)}
        """
        return {line: (line.company_id.partner_id, "platform") for line in self}

    def _groupbuy_charges(self):
        """Hook: what others get of these lines, such as a leader's commission.

        As with the owner, rates must be those of the order, not today's. Amounts are in
        the company's currency, see `_groupbuy_get_bases`; `share_out` rounds and
        limits them.

        :return: {line: [{"payee": partner, "role": str, "kind": str, "amount": float}]}
        """
        return {line: [] for line in self}

    # === SHARES === #

    def _groupbuy_get_totals(self, received=True):
        """:param bool received: whether orders count only once they have been received
        :return: {line: what it costs now, an integer in the smallest unit of the
        company's currency; 0 where the order does not count}"""
        # The same words everywhere, lest two kinds of rounding differ.
        self.env["sale.order.line"].flush_model(["order_id", "price_total"])
        self.env["sale.order"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.id, %s::bigint
                  FROM sale_order_line AS l
                  JOIN sale_order AS o ON o.id = l.order_id
                  JOIN res_company AS c ON c.id = o.company_id
                  JOIN res_currency AS u ON u.id = c.currency_id
                 WHERE l.id IN %s
                """,
                self._groupbuy_get_total_sql()
                if received
                else self._groupbuy_get_cost_sql(),
                tuple(self.ids) or (0,),
            )
        )
        totals = dict(rows)
        return {line: totals[line.id] for line in self}

    def _groupbuy_get_total_sql(self):
        """:return: SQL for what a line `l` of order `o` costs in units of the company's
        currency `u`"""
        return SQL(
            """
            CASE WHEN o.groupbuy_received_at IS NOT NULL AND o.state = 'sale'
                 THEN %s ELSE 0 END
            """,
            self._groupbuy_get_cost_sql(),
        )

    def _groupbuy_get_cost_sql(self):
        """:return: as above, whether the order has been received or not"""
        return SQL(
            """
            COALESCE(round(l.price_total::numeric
                     / COALESCE(NULLIF(o.currency_rate::numeric, 0), 1)
                     / u.rounding), 0)
            """
        )

    def _groupbuy_get_bases(self, bearers=("owner",), received=True):
        """Reckon what charges are a percentage of.

        :param tuple bearers: whose discounts lower it
        :param bool received: whether orders count only once they have been received
        :return: {line: the line's total, with tax, less the allowances given on it and
            its part of the discounts that `bearers` bear; in the company's currency}
        """
        allowances = self.order_id.order_line.filtered(
            lambda line: line.groupbuy_allowance_of_id in self
        )
        units = (self | allowances)._groupbuy_get_totals(received)
        bases = {line: units[line] for line in self}
        for allowance in allowances:
            bases[allowance.groupbuy_allowance_of_id] += units[allowance]
        for parts in self._groupbuy_divide_discounts(bearers, received).values():
            for line in parts.keys() & bases.keys():
                # Where discount and allowance exceed the line, nothing is left.
                bases[line] = max(bases[line] + parts[line], 0)
        return {
            line: line.company_id.currency_id.round(
                amount * line.company_id.currency_id.rounding
            )
            for line, amount in bases.items()
        }

    def _groupbuy_get_shares(self):
        """Work out whose these lines are now.

        :return: {(line id, payee id, role, kind): integer in the smallest unit}
        """
        totals = self._groupbuy_get_totals()
        lines = self.filtered(totals.get)
        # What is given back on goods is borne by whose the goods are.
        goods = {line: line.groupbuy_allowance_of_id or line for line in lines}
        owners = self.union(*goods.values())._groupbuy_owner()
        charges = lines._groupbuy_charges()
        shares = {}
        for line in lines:
            currency = line.company_id.currency_id
            own, rest = share_out(
                totals[line],
                [
                    (
                        (line.id, charge["payee"].id, charge["role"], charge["kind"]),
                        round(currency.round(charge["amount"]) / currency.rounding),
                    )
                    for charge in charges.get(line, ())
                ],
            )
            payee, role = owners[goods[line]]
            key = (line.id, payee.id, role, line._groupbuy_get_share_kind())
            shares.update(own)
            shares[key] = shares.get(key, 0) + rest
        return shares

    def _groupbuy_get_share_kind(self):
        if self.is_delivery:
            return "delivery"
        if self.reward_id:
            # A wallet pays: it is no discount that somebody bears.
            is_wallet = self.reward_id.program_id.program_type == "ewallet"
            return "wallet" if is_wallet else "discount"
        return "allowance" if self.groupbuy_allowance_of_id else "goods"
