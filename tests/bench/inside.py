"""Run a function of this folder in Odoo's shell."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
HERE = FOLDER.parent.parent
CODE = """
import importlib, json, sys
sys.path.insert(0, {folder!r})
function = getattr(importlib.import_module({module!r}), {function!r})
result = function(env, **{arguments!r})
env.cr.commit()
open({output!r}, "w").write(json.dumps(result))
"""


def call(database, function, **arguments):
    """Return what ``function`` ("module:name") returns for an environment of Odoo.

    :raise SystemExit: it failed; Odoo's own words are printed before
    """
    module, name = function.split(":")
    with tempfile.NamedTemporaryFile() as output:
        code = CODE.format(
            folder=str(FOLDER),
            module=module,
            function=name,
            arguments=arguments,
            output=output.name,
        )
        command = [HERE / "scripts/odoo", "shell", "-d", database, "--no-http"]
        result = subprocess.run(
            [*command, "--log-level=warn", "--max-cron-threads=0"],
            input=code,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        answer = Path(output.name).read_text()
    if not answer:
        print(result.stdout[-5000:], file=sys.stderr)
        raise SystemExit(f"{function} failed in database {database}.")
    return json.loads(answer)
