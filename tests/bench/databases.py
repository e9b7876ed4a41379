"""The databases of the two sides: the same apps, ours with our addon on top."""

import os
import sys
from contextlib import contextmanager

import inside

sys.path.insert(0, str(inside.HERE / "scripts"))
import test_addons  # noqa: E402
from project import foreign_dependencies, say  # noqa: E402

ADDON = "community_groupbuy"
PREFIX = f"{os.environ['DB']}_bench"
BASES = {"stock": f"{PREFIX}_base_stock", "ours": f"{PREFIX}_base_ours"}


def create_bases():
    """Make the two databases that the rows copy, from the tests' template."""
    template = test_addons.template(foreign_dependencies([ADDON]))
    drop_bases()
    stock, ours = BASES["stock"], BASES["ours"]
    test_addons.database("copy", template, stock)
    test_addons.odoo(stock, "payment_demo", "bench-stock.log")
    test_addons.database("copy", stock, ours)
    say(f"Installing {ADDON} …")
    test_addons.odoo(ours, ADDON, "bench-ours.log")


def drop_bases():
    """Drop the two databases of this and of an interrupted run."""
    for name in BASES.values():
        test_addons.database("drop", name)


@contextmanager
def copy(side, row):
    """A fresh copy of a side's database while a row needs it.

    :return: its name
    """
    name = f"{PREFIX}_{row}_{side}"
    test_addons.database("drop", name)
    test_addons.database("copy", BASES[side], name)
    try:
        yield name
    finally:
        test_addons.database("drop", name)
