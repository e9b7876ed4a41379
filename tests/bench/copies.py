"""Copies of rows made by the database: many orders out of a few real ones.

A copy has every row and value of its original, except numbers and names that must be
unique and the keys that lead from one copied row to another.
"""

from odoo.tools import SQL


class Copier:
    """Copy rows of several tables ``count`` times; keys between them follow.

    ``n`` is the number of the copy in the SQL of changed columns, from 1.
    """

    def __init__(self, cr, count):
        self.cr = cr
        self.count = count
        self.copied = {}
        self.written = set()
        self.postponed = []

    def plan(self, table, ids):
        """Reserve the numbers of the copies of these rows."""
        ids = sorted(ids)
        sequence = SQL.identifier(f"{table}_id_seq")
        self.cr.execute(SQL("SELECT nextval(%s)", f"{table}_id_seq"))
        base = self.cr.fetchone()[0]
        last = base + len(ids) * self.count
        self.cr.execute(SQL("ALTER SEQUENCE %s RESTART WITH %s", sequence, last))
        self.copied[table] = (ids, base)

    def copy(self, table, **changes):
        """Write the copies of a planned table.

        :param changes: SQL for the columns whose values differ from copy to copy
        """
        ids, _base = self.copied[table]
        self._insert(table, SQL("t.id IN %s", tuple(ids)), changes)
        self.written.add(table)

    def copy_links(self, table, column, target):
        """Write the rows of a table without an id that lead to planned rows."""
        where = SQL("t.%s IN %s", SQL.identifier(column), tuple(self.copied[target][0]))
        self._insert(table, where, {})

    def finish(self):
        """Write the keys that could not be written before what they lead to."""
        for table, column, target in self.postponed:
            ids, _base = self.copied[table]
            self.cr.execute(
                SQL(
                    "UPDATE %(table)s AS r SET %(column)s = %(target)s"
                    " FROM %(table)s AS t, generate_series(1, %(count)s) AS n"
                    " WHERE t.id IN %(ids)s AND r.id = %(own)s",
                    table=SQL.identifier(table),
                    column=SQL.identifier(column),
                    target=self.key(target, column),
                    count=self.count,
                    ids=tuple(ids),
                    own=self.key(table, "id"),
                )
            )

    def position(self, table):
        """:return: SQL for the number of a copied row among all copies of its table"""
        ids, _base = self.copied[table]
        return SQL("((n - 1) * %s + array_position(%s, t.id))", len(ids), list(ids))

    def key(self, target, column):
        """:return: SQL for the key in a copied row that leads to another copied row"""
        ids, base = self.copied[target]
        return SQL(
            "COALESCE(%s + (n - 1) * %s + array_position(%s, t.%s) - 1, t.%s)",
            base,
            len(ids),
            list(ids),
            SQL.identifier(column),
            SQL.identifier(column),
        )

    def _insert(self, table, where, changes):
        columns, values = [], []
        for column, target in self._get_columns(table):
            if column in changes:
                value = changes[column]
            elif target not in self.copied and column != "id":
                value = SQL("t.%s", SQL.identifier(column))
            elif column != "id" and target not in self.written and target != table:
                self.postponed.append((table, column, target))
                value = SQL("NULL")
            else:
                value = self.key(table if column == "id" else target, column)
            columns.append(SQL.identifier(column))
            values.append(value)
        self.cr.execute(
            SQL(
                "INSERT INTO %s (%s) SELECT %s FROM %s AS t,"
                " generate_series(1, %s) AS n WHERE %s ORDER BY n",
                SQL.identifier(table),
                SQL(", ").join(columns),
                SQL(", ").join(values),
                SQL.identifier(table),
                self.count,
                where,
            )
        )

    def _get_columns(self, table):
        """:return: [(column, table that its foreign key leads to, or None)]"""
        self.cr.execute(
            """
            SELECT a.attname, c.confrelid::regclass::text
              FROM pg_attribute AS a
         LEFT JOIN pg_constraint AS c
                ON c.conrelid = a.attrelid AND c.contype = 'f'
               AND c.conkey = ARRAY[a.attnum]
             WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
               AND a.attgenerated = ''
          ORDER BY a.attnum
            """,
            [table],
        )
        return self.cr.fetchall()
