"""Runs in Odoo's shell: orders that were received, shared out and settled by us."""

import resource
import time

import orders

LEADERS, MERCHANTS = 50, 20
COMMISSION, FEE = 0.10, 0.05


def prepare(env, counts):
    """Write orders of two lines.

    :param counts: lines of each batch
    :return: the ids of each batch's orders
    """
    env["res.partner"].create(
        [{"name": f"Leader {number}", "ref": "leader"} for number in range(LEADERS)]
        + [{"name": f"Farm {number}", "ref": "merchant"} for number in range(MERCHANTS)]
    )
    campaigns = orders.prepare(
        env, [count // orders.LINES for count in counts], group=True
    )
    env.cr.execute("ANALYZE")
    return [
        env["sale.order"].search([("groupbuy_campaign_id", "=", campaign)]).ids
        for campaign in campaigns
    ]


def share(env):
    """Say whose the lines are, as the addons above do."""
    leaders, merchants = (
        env["res.partner"].search([("ref", "=", role)], order="id")
        for role in ("leader", "merchant")
    )
    platform = env.company.partner_id

    def get_owner(lines):
        return {
            line: (merchants[line.product_id.id % MERCHANTS], "merchant")
            for line in lines
        }

    def get_charges(lines):
        return {
            line: [
                {
                    "payee": leaders[line.order_id.id % LEADERS],
                    "role": "leader",
                    "kind": "commission",
                    "amount": base * COMMISSION,
                },
                {
                    "payee": platform,
                    "role": "platform",
                    "kind": "fee",
                    "amount": base * FEE,
                },
            ]
            for line, base in lines._groupbuy_get_bases().items()
        }

    line_class = env.registry["sale.order.line"]
    line_class._groupbuy_owner = get_owner
    line_class._groupbuy_charges = get_charges


def settle(env, batches):
    """Settle one batch of orders after the other in one process.

    :return: of the last one {"seconds", "memory": MB by which the process grew}
    :raise ValueError: something does not add up afterwards
    """
    share(env)
    return [settle_batch(env, order_ids) for order_ids in batches][-1]


def settle_batch(env, order_ids):
    """Receive these orders, share out what they brought in and settle it."""
    env.cr.execute(
        "UPDATE sale_order SET state = 'sale', groupbuy_split_due = TRUE,"
        " groupbuy_received_at = now() AT TIME ZONE 'UTC' - interval '30 days'"
        " WHERE id IN %s",
        [tuple(order_ids)],
    )
    env.cr.commit()
    env.invalidate_all()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.monotonic()
    env["sale.order"]._groupbuy_split_pending()
    settlements = env["groupbuy.settlement"]._settle(
        env.company, env.company._get_groupbuy_date()
    )
    env.cr.commit()
    seconds = time.monotonic() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    check(env, order_ids, settlements)
    return {"seconds": seconds, "memory": memory}


def check(env, order_ids, settlements):
    """:raise ValueError: shares, settlements and bills are not what the lines cost"""
    env.invalidate_all()
    env.cr.execute(
        "SELECT SUM(amount) FROM groupbuy_ledger_entry WHERE order_id IN %s",
        [tuple(order_ids)],
    )
    [shared] = env.cr.fetchone()
    env.cr.execute(
        "SELECT SUM(l.price_total) FROM sale_order_line AS l WHERE l.order_id IN %s",
        [tuple(order_ids)],
    )
    [total] = env.cr.fetchone()
    if shared != total or set(settlements.mapped("state")) != {"posted"}:
        raise ValueError(f"{shared} of {total} were shared out")
    rules = ("shares", "accrual", "expense", "settlements")
    for rule in env["groupbuy.money"]._check():
        if rule["name"] in rules and not rule["ok"]:
            raise ValueError(rule)


def write_rows(env, lines):
    """Write the shares of as many lines by bare SQL, and settle them.

    :return: seconds
    """
    env.cr.execute(
        "CREATE TABLE bench_entry (LIKE groupbuy_ledger_entry INCLUDING ALL)"
    )
    env.cr.commit()
    start = time.monotonic()
    env.cr.execute(
        "INSERT INTO bench_entry SELECT * FROM groupbuy_ledger_entry"
        " WHERE sale_line_id IN (SELECT DISTINCT sale_line_id"
        " FROM groupbuy_ledger_entry LIMIT %s)",
        [lines],
    )
    env.cr.execute("UPDATE bench_entry SET write_date = now()")
    env.cr.commit()
    return time.monotonic() - start
