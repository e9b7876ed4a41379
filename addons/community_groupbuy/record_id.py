"""Numbers of records that come from outside: of any type, and of any size."""

# PostgreSQL's integer: asking for more is an error of the database.
MAX_ID = 2**31 - 1


def find_record(model, value):
    """Look for the record that a caller names by its number. Rights are not checked.

    :param model: an empty recordset, in whatever mode the record is wanted
    :param value: anything
    :return: the record; empty if there is none, or this is no record's number
    """
    # True is an integer for Python, but no number.
    valid = isinstance(value, int) and not isinstance(value, bool)
    return model.browse(value if valid and 0 < value <= MAX_ID else ()).exists()
