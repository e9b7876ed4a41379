"""Run the tests of addons on a fresh database that holds only what they depend on.

test_addons.py test DATABASE [addon…]: install the addons (none: all) with their tests.
test_addons.py core DATABASE: Odoo's own checks of addons, on a copy of DATABASE.
test_addons.py install DATABASE: install all addons without tests.
The dependencies come from a template database that is kept until they change.
"""

import hashlib
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from project import (
    HERE,
    RUN,
    SCRIPTS,
    addons,
    depends,
    foreign_dependencies,
    run_logged,
    say,
    summarize,
)

LOGS = RUN / "test"
QUIET = ["--stop-after-init", "--workers", "0", "--max-cron-threads", "0"]
RESULT = re.compile(r"\d+ failed, \d+ error\(s\) of (\d+) tests")
FAILED = re.compile(r"^\S+ \S+ \d+ ERROR \S+ \S+: (?:FAIL|ERROR): ", re.MULTILINE)
STARTED = re.compile(r" @tests\.\S+: Starting \S+ ")
SHOWN = 300
CORE_CHECKS = (
    "TestIndex",
    "TestLintOverrideSignatures",
    "RoutesLinter",
    "TestNaming",
    "ManifestLinter",
    "TestOnchangeDomains",
    "TestI18n",
)
COMPANY = SCRIPTS / "shell" / "company.py"


def database(*words):
    """Run scripts/database."""
    subprocess.run([SCRIPTS / "database", *words], check=True)


def exists(name):
    """Tell whether there is a database of that name."""
    query = f"SELECT 1 FROM pg_database WHERE datname = '{name}'"
    command = ["psql", "-d", "postgres", "-tAc", query]
    return bool(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def odoo_version():
    """Return what tells one Odoo from another: its packages, or its release file."""
    home = os.environ.get("ODOO_HOME")
    if home:
        return "".join(
            p.read_text() for p in sorted(HERE.glob(f"{home}/**/release.py"))
        )
    return ",".join(sorted(p.name for p in (HERE / ".cache/deb/files").glob("*.deb")))


def template(modules):
    """Return the name of a database with ``modules`` installed; make it if need be."""
    pins = "".join((HERE / f"requirements{x}.txt").read_text() for x in ("", "-odoo"))
    platform = f"{pins}{odoo_version()}{COMPANY.read_text()}"
    base = hashlib.sha256(platform.encode()).hexdigest()[:6]
    key = hashlib.sha256(",".join(modules).encode()).hexdigest()[:6]
    name = f"groupbuy_template_{base}_{key}"
    kept = LOGS / "templates"
    kept.mkdir(parents=True, exist_ok=True)
    for old in kept.iterdir():
        if not old.name.startswith(f"groupbuy_template_{base}_"):
            database("drop", old.name)
            old.unlink()
    if exists(name):
        return name
    part = f"{name}_part"
    database("drop", part)
    subprocess.run(["createdb", "-T", "template0", "-E", "UTF8", part], check=True)
    say(f"Template database with {', '.join(modules)} (about 3 minutes) …")
    odoo(part, "base", "template-base.log", "--load-language", "en_US,zh_CN,zh_TW")
    database("shell", part, COMPANY)
    odoo(part, ",".join(modules), "template.log")
    (kept / name).touch()
    database("rename", part, name)
    return name


def odoo(name, modules, log, *options):
    """Install ``modules``; stop everything when that fails."""
    log = LOGS / log
    command = [
        SCRIPTS / "odoo",
        "-d",
        name,
        "-i",
        modules,
        "--no-http",
        *QUIET,
        *options,
    ]
    if run_logged(command, log):
        say("".join(log.open().readlines()[-15:]))
        say(f"Odoo could not install {modules}: see {log}.")
        summarize(0, 1)


def free_port():
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(text):
    """Return in words how far the tests are."""
    return f"{text.count(': Starting ')} tests started"


def unexpected(log, config):
    """Return the warnings and errors in a log that ``config`` does not list."""
    result = subprocess.run(
        ["python", "-m", "checklog_odoo", "--no-echo", "-c", config, log],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.stdout.split("errors that caused")[-1] if result.returncode else ""


def judge(log, code, names, config):
    """Return (passed, failed) by what Odoo's log says, and say what is wrong.

    A log without surprises counts as one test.
    """
    text = log.read_text(errors="replace")
    surprises = unexpected(log, config)
    lines = surprises.split("\n")
    say("\n".join(lines[:SHOWN]))
    if len(lines) > SHOWN:
        say(f"… and {len(lines) - SHOWN} lines more.")
    failed = len(FAILED.findall(surprises))
    bad = failed + bool(surprises)
    for name in names:
        count = len(STARTED.findall(text.replace(f"odoo.addons.{name}.", "@")))
        say(f"  {name}: {count} tests")
        if not count:
            say(f"No test of {name} ran.")
            bad += 1
    result = RESULT.findall(text)
    if not result:
        say(f"Odoo ended (exit code {code}) before its tests did.")
        bad += 1
    total = int(result[-1]) if result else 0
    if bad:
        say(f"The whole log is in {log}.")
    return max(total - failed, 0) + (not surprises), bad


def run(name, arguments, tags, log, names, config="checklog-odoo.cfg"):
    """Run Odoo on database ``name`` with the tests of ``tags``, and judge its log."""
    log = LOGS / log
    command = [SCRIPTS / "odoo", "-d", name, *arguments, *QUIET]
    command += ["--test-tags", tags, "--http-port", free_port()]

    def progress(text):
        return f"{names[0]}: {started(text)}"

    return judge(log, run_logged(command, log, progress), names, config)


def fresh(name, names):
    """Make database ``name`` with what the addons depend on, and nothing else."""
    source = template(foreign_dependencies(names))
    database("drop", name)
    database("copy", source, name)


def install(name):
    """Make database ``name`` with all addons installed."""
    fresh(name, addons())
    odoo(name, ",".join(addons()), "install.log")


def core(name):
    """Run the tests of `test_lint` that look at the models and files of our addons."""
    copy = f"{name}_core"
    database("drop", copy)
    database("copy", name, copy)
    arguments = ["-i", "test_lint", "-u", ",".join(addons())]
    tags = ",".join(f"/test_lint:{check}" for check in CORE_CHECKS)
    result = run(copy, arguments, tags, "core.log", ["test_lint"], "checklog-core.cfg")
    database("drop", copy)
    summarize(*result)


def test(name, *names):
    """Test the addons ``names`` (none: all of them) in the new database ``name``.

    All of them are tested by two processes, each with everything installed: the first
    addon, which has most of the tests, and what builds on it.
    """
    unknown = sorted(set(names) - set(addons()))
    wanted = names or addons()
    if unknown or not wanted:
        say(f"There is no addon {', '.join(unknown)} in addons/.")
        summarize(0, 1)
    for addon in wanted:
        say(f"Testing {addon}, which depends on {', '.join(depends(addon))} …")
    parts = [names] if names else [part for part in (wanted[:1], wanted[1:]) if part]
    databases = [name, f"{name}_beside"][: len(parts)]
    for copy in databases:
        fresh(copy, wanted)

    def test_part(part, copy):
        tags = ",".join(f"/{addon}" for addon in part)
        return run(copy, ["-i", ",".join(wanted)], tags, f"{part[0]}.log", part)

    with ThreadPoolExecutor() as pool:
        results = list(pool.map(test_part, parts, databases))
    for copy in databases[1:]:
        database("drop", copy)
    summarize(*map(sum, zip(*results, strict=True)))


if __name__ == "__main__":
    {"test": test, "core": core, "install": install}[sys.argv[1]](*sys.argv[2:])
