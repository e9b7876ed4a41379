"""The addons' translations against the terms that Odoo finds in them.

translations.py check DATABASE: every term is in the .pot file and translated in zh_CN
and zh_TW; an addon counts as one test per file.
translations.py update DATABASE: renew the .pot files and merge them into the .po files.
DATABASE has the addons installed.
"""

import os
import subprocess
import sys

import polib
from project import ADDONS, RUN, SCRIPTS, addons, say, summarize

LANGUAGES = ("zh_CN", "zh_TW")
SHOWN = 20


def export(database, names):
    """Return the terms of each addon as Odoo exports them now."""
    folder = RUN / "test" / "pot"
    folder.mkdir(parents=True, exist_ok=True)
    script = SCRIPTS / "shell" / "export_pot.py"
    environment = {**os.environ, "POT": str(folder), "POT_ADDONS": ",".join(names)}
    subprocess.run(
        [SCRIPTS / "database", "shell", database, script], check=True, env=environment
    )
    return {name: polib.pofile(folder / f"{name}.pot", wrapwidth=78) for name in names}


def terms(file, keep=lambda entry: True):
    """Return the source terms of a file's living entries."""
    return {entry.msgid for entry in file if not entry.obsolete and keep(entry)}


def problems(path, template):
    """Yield what keeps the translations in ``path`` from being complete."""
    if not path.exists():
        yield "the file is missing"
        return
    file = polib.pofile(path)
    wanted, present = terms(template), terms(file)
    for term in sorted(wanted - present):
        yield f"missing: {term!r}"
    for term in sorted(present - wanted):
        yield f"no longer in the addon: {term!r}"
    if path.suffix == ".po":
        for term in sorted(terms(file, lambda entry: entry.fuzzy)):
            yield f"fuzzy: {term!r}"
        for term in sorted(
            wanted & terms(file, lambda entry: not entry.msgstr.strip())
        ):
            yield f"not translated: {term!r}"


def check(templates):
    """Count the translation files that are complete."""
    passed = failed = 0
    for name, template in templates.items():
        if not len(template):
            continue
        for file in (f"{name}.pot", *(f"{code}.po" for code in LANGUAGES)):
            found = list(problems(ADDONS / name / "i18n" / file, template))
            say(f"  {'FAIL' if found else 'ok  '} {name}/i18n/{file}")
            for problem in found[:SHOWN]:
                say(f"       {problem[:150]}")
            if len(found) > SHOWN:
                say(f"       … and {len(found) - SHOWN} more")
            failed += bool(found)
            passed += not found
    if failed:
        say("  'make translations' renews the .pot files and merges them.")
    summarize(passed, failed)


def update(templates):
    """Write the templates and merge them into the translations."""
    for name, template in templates.items():
        if not len(template):
            continue
        folder = ADDONS / name / "i18n"
        folder.mkdir(exist_ok=True)
        template.save(folder / f"{name}.pot")
        for code in LANGUAGES:
            path = folder / f"{code}.po"
            file = polib.pofile(path, wrapwidth=78) if path.exists() else polib.POFile()
            file.wrapwidth = 78
            file.metadata = {**template.metadata, **file.metadata, "Language": code}
            file.merge(template)
            # What left the addon is in git's history; Odoo has no use for it here.
            for entry in file.obsolete_entries():
                file.remove(entry)
            file.save(path)
            open_terms = len(file.untranslated_entries()) + len(file.fuzzy_entries())
            say(f"{name} {code}: {open_terms} terms to translate")


if __name__ == "__main__":
    command, database = sys.argv[1:3]
    if not addons():
        say("There is no addon in addons/.")
        summarize(0, 1)
    {"check": check, "update": update}[command](export(database, addons()))
