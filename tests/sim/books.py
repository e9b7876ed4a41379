"""The books of a provider: trades, refunds, transfers, and every movement of money.

Amounts are integers of fen, times Unix seconds.
"""

import contextlib
import sqlite3
import threading
import time

TABLES = """
CREATE TABLE IF NOT EXISTS trade (
    number TEXT PRIMARY KEY, trade_id TEXT, product TEXT, state TEXT, amount INTEGER,
    subject TEXT, notify_url TEXT, return_url TEXT, code TEXT, prepay_id TEXT,
    payer TEXT, created REAL, expires REAL, paid REAL, closed REAL, request TEXT);
CREATE TABLE IF NOT EXISTS refund (
    trade TEXT, number TEXT, refund_id TEXT, amount INTEGER, state TEXT, reason TEXT,
    notify_url TEXT, created REAL, done REAL, PRIMARY KEY (trade, number));
CREATE TABLE IF NOT EXISTS transfer (
    number TEXT PRIMARY KEY, transfer_id TEXT, state TEXT, amount INTEGER, payee TEXT,
    name TEXT, reason TEXT, notify_url TEXT, package TEXT, remark TEXT, created REAL,
    updated REAL, request TEXT);
CREATE TABLE IF NOT EXISTS flow (
    id INTEGER PRIMARY KEY, at REAL, kind TEXT, number TEXT, document TEXT,
    amount INTEGER, fee INTEGER, balance INTEGER);
"""


class Books:
    """SQLite, in memory or in a file; one writer at a time."""

    def __init__(self, path=":memory:"):
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(TABLES)
        self.skew = 0

    def now(self):
        """:return: the provider's own clock"""
        return time.time() + self.skew

    @contextlib.contextmanager
    def writing(self):
        """All or nothing; whoever comes meanwhile waits."""
        with self._lock, self._connection:
            yield self

    def all(self, table, order="rowid", **where):
        condition = " AND ".join(f"{name} = :{name}" for name in where) or "1"
        query = f"SELECT * FROM {table} WHERE {condition} ORDER BY {order}"
        with self._lock:
            return [dict(row) for row in self._connection.execute(query, where)]

    def one(self, table, **where):
        """:return: the first row, or {}"""
        return next(iter(self.all(table, **where)), {})

    def insert(self, table, **values):
        marks = ", ".join(f":{name}" for name in values)
        self._connection.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", values
        )
        return values

    def update(self, table, row, **values):
        """Change a row that was read before, also in the caller's copy."""
        keys = ("trade", "number") if table == "refund" else ("number",)
        changes = ", ".join(f"{name} = :{name}" for name in values)
        condition = " AND ".join(f"{name} = :key_{name}" for name in keys)
        old = {f"key_{name}": row[name] for name in keys}
        self._connection.execute(
            f"UPDATE {table} SET {changes} WHERE {condition}", {**values, **old}
        )
        row.update(values)

    def clear(self):
        for table in ("trade", "refund", "transfer", "flow"):
            self._connection.execute(f"DELETE FROM {table}")

    def balance(self):
        with self._lock:
            query = "SELECT COALESCE(SUM(amount), 0) FROM flow"
            return self._connection.execute(query).fetchone()[0]

    def move(self, kind, number, document, amount, fee=0):
        """Book money in (positive) or out; `fee` is the part that is no money of the
        trade but a fee that comes back with it."""
        self.insert(
            "flow",
            at=self.now(),
            kind=kind,
            number=number,
            document=document,
            amount=amount,
            fee=fee,
            balance=self.balance() + amount,
        )

    def refunded(self, trade, *states):
        """:return: fen of a trade's refunds in these states"""
        refunds = self.all("refund", trade=trade["number"])
        return sum(row["amount"] for row in refunds if row["state"] in states)
