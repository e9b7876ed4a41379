"""What the database alone can do: the rows of a benchmark, written by bare SQL."""

import threading
import time

import psycopg2

SECONDS = 5


def write_joins(database, clients):
    """Write what a join and its payment insert, one order per transaction.

    :return: orders per second
    """
    with psycopg2.connect(dbname=database) as connection:
        script = build_script(connection.cursor())
    done = []
    start = time.monotonic()

    def write():
        with psycopg2.connect(dbname=database) as connection:
            cursor = connection.cursor()
            while time.monotonic() - start < SECONDS:
                cursor.execute(script)
                connection.commit()
                done.append(1)

    threads = [threading.Thread(target=write) for _client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done) / (time.monotonic() - start)


def build_script(cursor):
    """:return: SQL that copies the rows of one paid join"""
    cursor.execute(
        "SELECT o.id, o.partner_id, o.groupbuy_key, r.transaction_id"
        " FROM sale_order AS o JOIN sale_order_transaction_rel AS r"
        " ON r.sale_order_id = o.id WHERE o.state = 'sent' ORDER BY o.id LIMIT 1"
    )
    order, partner, key, transaction = cursor.fetchone()
    order_id = "currval('sale_order_id_seq')"
    line_id = "currval('sale_order_line_id_seq')"
    transaction_id = "currval('payment_transaction_id_seq')"
    new_key = f"'bench' || {order_id}"
    steps = (
        (
            "groupbuy_hold",
            f"partner_id = {partner} AND key = '{key}'",
            {"key": "gen_random_uuid()"},
        ),
        ("sale_order", f"id = {order}", {"groupbuy_key": "gen_random_uuid()"}),
        ("sale_order_line", f"order_id = {order}", {"order_id": order_id}),
        (
            "account_tax_sale_order_line_rel",
            "sale_order_line_id IN"
            f" (SELECT id FROM sale_order_line WHERE order_id = {order})",
            {"sale_order_line_id": line_id},
        ),
        ("payment_transaction", f"id = {transaction}", {"reference": new_key}),
        (
            "sale_order_transaction_rel",
            f"sale_order_id = {order}",
            {"sale_order_id": order_id, "transaction_id": transaction_id},
        ),
        (
            "mail_message",
            f"model = 'sale.order' AND res_id = {order}",
            {"res_id": order_id},
        ),
    )
    return "; ".join(
        build_insert(cursor, table, where, changes) for table, where, changes in steps
    )


def build_insert(cursor, table, where, changes):
    """:return: SQL that copies rows of a table, with other values in some columns"""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND table_schema = current_schema()"
        " AND is_generated = 'NEVER' AND column_name <> 'id'",
        [table],
    )
    columns = [name for (name,) in cursor.fetchall()]
    values = [changes.get(name, f'"{name}"') for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    copied = f"SELECT {', '.join(values)} FROM {table} WHERE {where}"
    return f"INSERT INTO {table} ({names}) {copied}"
