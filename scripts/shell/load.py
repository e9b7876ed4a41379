"""Odoo shell: load the sample neighbourhood with the product's own import."""

import os

if "groupbuy.import" not in env:
    raise SystemExit("No installed addon has the model groupbuy.import.")
env["groupbuy.import"].load_folder(os.environ["SAMPLE_FOLDER"])
env.cr.commit()
