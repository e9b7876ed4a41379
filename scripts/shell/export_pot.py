"""Odoo shell: write each addon's translation template into the folder POT."""

import os
from pathlib import Path

from odoo.tools.translate import trans_export

for name in os.environ["POT_ADDONS"].split(","):
    with Path(os.environ["POT"], f"{name}.pot").open("wb") as file:
        trans_export(None, [name], file, "po", env)
