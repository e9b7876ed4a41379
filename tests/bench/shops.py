"""Both sides' shops, open while the rows that visit them are measured."""

from contextlib import ExitStack, contextmanager

import databases
import inside
from server import serve

RESIDENTS = 32
QUOTA = 1_000_000


class Shop:
    """A running shop and what a journey through it must know."""

    def __init__(self, server, content):
        self.server = server
        self.database = server.database
        self.content = content


@contextmanager
def open_shops():
    """Fill a database of each side and serve both.

    :return: (our shop, stock's shop)
    """
    sides = (
        ("ours", "shop:create_group_shop", {"quota": QUOTA}),
        ("stock", "shop:create_shop", {}),
    )
    with ExitStack() as stack:
        shops = []
        for side, function, arguments in sides:
            name = stack.enter_context(databases.copy(side, "shop"))
            content = inside.call(name, function, residents=RESIDENTS, **arguments)
            shops.append(Shop(stack.enter_context(serve(name)), content))
        yield tuple(shops)
