"""Every check that needs no database; each tool counts as one test."""

import subprocess
import time

from project import ADDONS, HERE, addons, say, summarize

NODE = HERE / "node_modules" / ".bin"
PRETTIER = "addons/**/*.{js,mjs,css,scss,json,xml,yml,yaml}"


def checks():
    """Return (name, command) of each check."""
    ours = [f"addons/{name}" for name in addons()]
    po_files = [str(path.relative_to(HERE)) for path in ADDONS.glob("*/i18n/*.po*")]
    yield "ruff check", ["ruff", "check", "--no-fix", "."]
    yield "ruff format", ["ruff", "format", "--check", "."]
    if not ours:
        return
    yield "pylint-odoo", ["python", "-m", "pylint", "--rcfile=pyproject.toml", *ours]
    # "python -m": a script's first line breaks when the checkout moves.
    yield (
        "oca-checks-odoo-module",
        ["python", "-m", "oca_pre_commit_hooks.cli", *ours],
    )
    if po_files:
        yield (
            "oca-checks-po",
            ["python", "-m", "oca_pre_commit_hooks.cli_po", *po_files],
        )
    prettier = [NODE / "prettier", "--check", "--log-level=warn"]
    yield "prettier", [*prettier, "--no-error-on-unmatched-pattern", PRETTIER]
    if any(ADDONS.glob("*/static/*/**/*.js")):
        yield "eslint", [NODE / "eslint", "--max-warnings=0", "addons"]


def main():
    """Run the checks, show the output of those that fail, and count."""
    passed = failed = 0
    for name, command in checks():
        start = time.monotonic()
        result = subprocess.run(
            [str(word) for word in command],
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - start
        good = result.returncode == 0
        say(f"  {'ok  ' if good else 'FAIL'} {name} ({seconds:.0f} s)")
        if good:
            passed += 1
        else:
            failed += 1
            say(result.stdout.rstrip())
    if not addons():
        say("  There is no addon in addons/ to check.")
    summarize(passed, failed)


if __name__ == "__main__":
    main()
