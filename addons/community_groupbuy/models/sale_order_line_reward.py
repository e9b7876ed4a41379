from odoo import models


class SaleOrderLine(models.Model):
    """Rewards of orders that have become cheaper."""

    _inherit = "sale.order.line"

    def _groupbuy_scale_reward(self, before, most):
        """Bring the lines of one reward, one per tax, to what the goods cost now.

        :param dict before: {order line: total} of the goods when it was given
        :param float most: what is left to discount, of everything
        :return: what the reward is worth now
        """
        reward = self.reward_id[:1]
        given = self.filtered(lambda line: line.price_unit < 0)
        if reward.reward_type != "discount" or not given:
            return 0.0
        goods = reward._groupbuy_filter_discounted(before)
        before_sum = -sum(given.mapped("price_unit"))
        values, room = {}, {}
        for line in given:
            own = goods.filtered(lambda good, taxes=line.tax_ids: good.tax_ids == taxes)
            own = own or goods
            room[line] = sum(own.mapped("price_total"))
            if reward.program_id.is_payment_program:
                # A gift card or a wallet pays for fees too.
                room[line] = most
            value = -line.price_unit
            if reward.discount_mode == "percent":
                base = sum(before[good] for good in own)
                value = value * room[line] / base if base else 0.0
            value = line.currency_id.round(value)
            values[line] = max(min(value, room[line], most), 0.0)
            most -= values[line]
        if reward.discount_mode != "percent":
            # What one tax has no goods for any more is given on the others.
            rest = before_sum - sum(values.values())
            for line in given:
                more = max(min(rest, room[line] - values[line], most), 0.0)
                values[line] += more
                rest -= more
                most -= more
        for line in given:
            line._groupbuy_write_price(-values[line])
        value = sum(values.values())
        self._groupbuy_lower_cost(reward, value / before_sum)
        return value

    def _groupbuy_lower_cost(self, reward, ratio):
        """Give back the points of what a reward is worth less.

        Where points pay by their number, as a gift card does, they come back by their
        number; a coupon comes back when nothing is left that it was used for.

        :param float ratio: what the reward is worth now, in proportion to before
        """
        by_number = reward.discount_mode == "per_point" and not reward.clear_wallet
        for line in self.filtered("points_cost"):
            cost = line.points_cost
            left = cost * ratio if by_number else cost * bool(ratio)
            left = line.coupon_id.currency_id.round(left)
            if left == cost:
                continue
            # Where it counts already, `sale_loyalty` follows this by itself.
            line.points_cost = left
            if line.state == "sale":
                line.order_id._update_loyalty_history(line.coupon_id, left - cost)
            elif line.order_id.groupbuy_points_taken:
                line.coupon_id.points += cost - left
