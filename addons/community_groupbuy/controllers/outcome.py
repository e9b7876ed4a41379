"""What became of a form that was sent is told on the page that comes next."""

from odoo.exceptions import UserError
from odoo.http import request


def attempt(method, *args, done=None, **kwargs):
    """Call a method, undoing all of it if it refuses.

    :param str done: what to say once it has succeeded
    :return: its answer, True if it gives none; None if it refused
    """
    try:
        with request.env.cr.savepoint():
            answer = method(*args, **kwargs)
    # Access errors and missing records are such errors, too.
    except UserError as error:
        tell_error(error)
        return None
    if done:
        request.session["groupbuy_done"] = done
    return True if answer is None else answer


def tell_error(error):
    """Keep why something was refused for the page that comes next."""
    request.session["groupbuy_error"] = str(error)


def take_outcome():
    """:return: {"error", "done"} of what was sent last: texts, or None"""
    return {
        name: request.session.pop(f"groupbuy_{name}", None)
        for name in ("error", "done")
    }
