from odoo import api, fields, models
from odoo.tools import SQL

from .groupbuy_commission_terms import KINDS

CHUNK = 2000


class SaleOrder(models.Model):
    """Orders that leaders earn on.

    When an order is paid, it is marked only: who earns at which rate is worked out for
    many orders at once, by the rules of the moment of payment. Whatever changes rules
    or levels has the marked orders worked out before.
    """

    _inherit = "sale.order"

    groupbuy_commission_at = fields.Datetime(
        string="Rates Of", copy=False, readonly=True, help="When this order was paid."
    )
    groupbuy_commission_fixed = fields.Boolean(copy=False, readonly=True)
    groupbuy_commission_due = fields.Boolean(copy=False, readonly=True)
    groupbuy_commission_ids = fields.One2many(
        "groupbuy.commission",
        "order_id",
        string="Commission",
        groups="community_groupbuy.group_operator",
    )

    _groupbuy_commission_due_index = models.Index("(id) WHERE groupbuy_commission_due")

    # === DUE === #

    def write(self, vals):
        """Override to mark orders that leaders earn on, once they are paid, and
        whenever they become cheaper or are cancelled."""
        if "pickup_point_id" in vals:
            self._groupbuy_fix_before()
        paid, changed = self._groupbuy_find_due(vals)
        due = {**vals, "groupbuy_commission_due": True}
        if paid:
            now = fields.Datetime.now()
            super(SaleOrder, paid).write({**due, "groupbuy_commission_at": now})
        if changed:
            super(SaleOrder, changed).write(due)
        if others := self - paid - changed:
            super(SaleOrder, others).write(vals)
        if "pickup_point_id" in vals:
            self._groupbuy_follow_leader()
        return True

    def _groupbuy_find_due(self, vals):
        """:return: those of these orders that `vals` makes paid, and those that were
        and change now"""
        state = vals.get("state")
        mine = self._groupbuy_filter_commissioned() if state else self.browse()
        known = mine.filtered("groupbuy_commission_at")
        paid = (mine - known).filtered(
            lambda order: (
                state == "sale" or (state == "sent" and order.groupbuy_campaign_id)
            )
        )
        return paid, known

    def _groupbuy_filter_commissioned(self):
        """:return: those of these orders on which a leader may earn"""
        # Residents do not see who earns; here it is only asked whether somebody does.
        return self.filtered(
            lambda order: (
                order.sudo().groupbuy_leader_id or order.sudo().groupbuy_referrer_id
            )
        )

    def _groupbuy_settle(self, billed, reason, tell):
        """Override: whoever buys less brings less."""
        result = super()._groupbuy_settle(billed, reason, tell)
        self.filtered("groupbuy_commission_at").groupbuy_commission_due = True
        return result

    # === LEADER === #

    def _groupbuy_fix_before(self):
        """Fix the rates of those that were paid before somebody else earns on them."""
        self.filtered(
            lambda order: (
                order.groupbuy_commission_due and not order.groupbuy_commission_fixed
            )
        )._groupbuy_work_out_commissions()

    def _groupbuy_follow_leader(self):
        """Let commission for the pickup point follow the orders' leader.

        While there is none who may earn, its rates wait for the next one.
        """
        orders_sudo = self.sudo().filtered("groupbuy_commission_fixed")
        if not orders_sudo:
            return
        rows_sudo = orders_sudo.groupbuy_commission_ids.filtered(
            lambda row: row.kind == "service"
        )
        by_leader = orders_sudo.grouped(
            lambda order: order._groupbuy_get_earner("service")
        )
        for leader, orders in by_leader.items():
            own = rows_sudo.filtered(lambda row, orders=orders: row.order_id in orders)
            own.leader_id = leader
            (orders - own.order_id)._groupbuy_fix_commissions(("service",))
        orders_sudo.groupbuy_commission_due = True

    # === RATES === #

    def _groupbuy_get_earner(self, kind):
        """:return: the leader who earns on this order, if anybody does"""
        self.ensure_one()
        if kind == "service":
            leader = self.groupbuy_leader_id
        else:
            leader = self.groupbuy_referrer_id
            # Nobody earns anything by sending a link to themselves.
            own = leader.partner_id.commercial_partner_id
            if own == self.partner_id.commercial_partner_id:
                return leader.browse()
        is_active = leader.state == "approved" and leader.company_id == self.company_id
        return leader if is_active else leader.browse()

    def _groupbuy_fix_commissions(self, kinds=tuple(dict(KINDS))):
        """Fix who earns on these orders and at which rate: once for each order.

        :param kinds: for what
        :return: the commissions, their amounts to be worked out
        """
        rule_model = self.env["groupbuy.commission.rule"]
        vals_list = []
        for company, orders in self.grouped("company_id").items():
            for kind in kinds:
                leaders = {
                    order: leader
                    for order in orders
                    if (leader := order._groupbuy_get_earner(kind))
                }
                lines = self.browse(order.id for order in leaders).order_line.filtered(
                    lambda line: line._is_groupbuy_goods()
                )
                rules = rule_model._get_rules(company, kind)._match(lines, leaders)
                for line, rule in rules.items():
                    if terms := rule._prepare_terms(company, kind):
                        leader = leaders[line.order_id]
                        vals_list.append(
                            {
                                **terms,
                                "kind": kind,
                                "leader_id": leader.id,
                                "level_id": leader.level_id.id,
                                "sale_line_id": line.id,
                                "order_id": line.order_id.id,
                                "company_id": company.id,
                            }
                        )
        return self.env["groupbuy.commission"].create(vals_list)

    @api.model
    def _groupbuy_fix_pending(self, leaders=None):
        """Fix the rates of all orders that were paid, before a rule or level changes.

        :param leaders: only theirs
        """
        domain = [
            ("groupbuy_commission_due", "=", True),
            ("groupbuy_commission_fixed", "=", False),
        ]
        if leaders is not None:
            domain += [
                "|",
                ("groupbuy_leader_id", "in", leaders.ids),
                ("groupbuy_referrer_id", "in", leaders.ids),
            ]
        # Whoever changes a rule need not be allowed to read all orders.
        orders_sudo = self.sudo().search(domain)
        for first in range(0, len(orders_sudo), CHUNK):
            orders_sudo[first : first + CHUNK]._groupbuy_work_out_commissions()

    # === AMOUNTS === #

    def _groupbuy_work_out_commissions(self):
        """Fix the rates of these orders where they were not, and reckon the amounts.

        Orders that somebody else is working on stay due.
        """
        self.env["sale.order"].flush_model()
        # It follows from the orders; nobody needs rights on commissions for it.
        orders_sudo = self.sudo().try_lock_for_update(allow_referencing=True)
        orders_sudo = orders_sudo.with_context(tracking_disable=True)
        new = orders_sudo.filtered(lambda order: not order.groupbuy_commission_fixed)
        new._groupbuy_fix_commissions()
        orders_sudo.groupbuy_commission_ids._work_out()
        if orders_sudo:
            self.env.execute_query(
                SQL(
                    """
                    UPDATE sale_order SET groupbuy_commission_fixed = TRUE,
                           groupbuy_commission_due = FALSE
                     WHERE id IN %s RETURNING id
                    """,
                    tuple(orders_sudo.ids),
                )
            )
            orders_sudo.invalidate_recordset(
                ["groupbuy_commission_fixed", "groupbuy_commission_due"], flush=False
            )

    @api.model
    def _groupbuy_work_out_pending(self):
        """Work out the commission of all orders that are due, a chunk at a time."""
        # What cannot be is tried again when its money is shared out.
        self._groupbuy_work_off(
            "groupbuy_commission_due",
            "_groupbuy_work_out_commissions",
            lambda error: self.env._("Its commission cannot be worked out: %s", error),
        )

    # === SHARES === #

    def _groupbuy_split_company(self, company):
        """Override of `groupbuy_payment`: who gets what has to be known before."""
        unknown = self._groupbuy_filter_commissioned().filtered(
            lambda order: (
                order.groupbuy_commission_due or not order.groupbuy_commission_fixed
            )
        )
        unknown._groupbuy_work_out_commissions()
        return super()._groupbuy_split_company(company)
