from odoo import fields, models


class SaleOrder(models.Model):
    """Coupons and points of a join are used up when it is paid, not when it is
    confirmed days later: otherwise one coupon would pay two waiting orders."""

    _inherit = "sale.order"

    groupbuy_points_taken = fields.Boolean(
        copy=False, readonly=True, help="The points of this order's rewards are used."
    )

    def _groupbuy_has_points(self):
        """Whether no coupon of this order has been used elsewhere meanwhile."""
        self.ensure_one()
        coupons = self.order_line.coupon_id
        return all(self._get_real_points_for_coupon(coupon) >= 0 for coupon in coupons)

    def _groupbuy_take_points(self):
        """Use up what this order's rewards cost."""
        self.ensure_one()
        for coupon, cost in self._groupbuy_get_points_cost().items():
            coupon.points -= cost
        self.groupbuy_points_taken = True

    def _groupbuy_get_points_cost(self):
        """:return: {coupon: points} that the rewards of these orders cost"""
        costs = dict.fromkeys(self.order_line.coupon_id, 0.0)
        for line in self.order_line.filtered("coupon_id"):
            costs[line.coupon_id] += line.points_cost
        return costs

    def _get_point_changes(self):
        """Override of `sale_loyalty`: what was taken is not taken again."""
        changes = super()._get_point_changes()
        taken = self.filtered("groupbuy_points_taken")
        for coupon, cost in taken._groupbuy_get_points_cost().items():
            changes[coupon] += cost
        return changes

    def _get_real_points_for_coupon(self, coupon, post_confirm=False):
        """Override of `sale_loyalty`: what this order took is there for it.

        Points that were taken back after they had been spent leave a card below zero.
        That stops no order that spends none of them.
        """
        points = super()._get_real_points_for_coupon(coupon, post_confirm)
        cost = self._groupbuy_get_points_cost().get(coupon, 0.0)
        if self.groupbuy_points_taken and self.state != "sale":
            return max(points + cost, 0.0)
        return points if cost else max(points, 0.0)

    def _update_programs_and_rewards(self):
        """Override of `sale_loyalty`: rewards given at payment are honoured.

        At the lower final price an order may fall below a coupon's minimum. The
        resident has paid with it, so nothing is taken away.
        """
        if not self.env.context.get("groupbuy_closing"):
            if self.groupbuy_campaign_id and not self._has_loyalty():
                return None
            return super()._update_programs_and_rewards()
        # Without rewards only earned points are left to bring in step.
        if self.coupon_point_ids and not self.order_line.reward_id:
            return super()._update_programs_and_rewards()

    def _has_loyalty(self):
        """Whether any program or coupon can have a say in this order."""
        self.ensure_one()
        if (
            self.applied_coupon_ids
            or self.coupon_point_ids
            or self.code_enabled_rule_ids
        ):
            return True
        # Residents have no rights on programs; only their existence matters here.
        program_model_sudo = self.env["loyalty.program"].sudo()
        return bool(
            program_model_sudo.search_count(self._get_program_domain(), limit=1)
        )

    def _action_cancel(self):
        """Override of `sale_loyalty` to give back what a waiting order took."""
        taken = self.filtered(
            lambda order: order.groupbuy_points_taken and order.state == "sent"
        )
        for coupon, cost in taken._groupbuy_get_points_cost().items():
            coupon.points += cost
        taken.groupbuy_points_taken = False
        return super()._action_cancel()

    def _groupbuy_take_points_back(self):
        """Take back the points earned on what has been taken off these orders.

        As many stay as the programs' own rules give for what is left.
        """
        orders = self.filtered("coupon_point_ids")
        # Residents and pickup points have no rights on programs and cards.
        histories_sudo = (
            self.env["loyalty.history"]
            .sudo()
            .search([("order_model", "=", self._name), ("order_id", "in", orders.ids)])
        )
        history_of = {(h.order_id, h.card_id): h for h in histories_sudo}
        for order in orders.sudo():
            entries = order.coupon_point_ids.filtered(
                lambda entry: entry.coupon_id.program_id.applies_on != "current"
            )
            by_program = entries.grouped(lambda entry: entry.coupon_id.program_id)
            programs = entries.coupon_id.program_id
            answers = order._program_check_compute_points(programs)
            for program, own in by_program.items():
                points = [
                    value for value in answers[program].get("points", ()) if value
                ]
                for at, entry in enumerate(own):
                    left = points[at] if at < len(points) else 0.0
                    order._groupbuy_lower_earned(entry, left, history_of)

    def _groupbuy_lower_earned(self, entry, points, history_of):
        surplus = entry.points - points
        if surplus <= 0:
            return
        card = entry.coupon_id
        entry.points = points
        card.points -= surplus
        if history := history_of.get((self.id, card)):
            history.issued -= surplus
