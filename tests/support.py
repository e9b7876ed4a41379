"""What journeys stand on: a database, an Odoo server with workers, and its clients."""

import concurrent.futures
import contextlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psutil
import psycopg2
import psycopg2.extras
import requests
from project import HERE, RUN, SCRIPTS, addons, say

TESTS = HERE / "tests"
LOGS = RUN / "test" / "journeys"
# Nothing here waits longer than this for anything.
PATIENCE = 120
KNOWN_ERRORS = (
    # Odoo logs each transaction that it then runs again.
    "could not serialize access",
    # Two at once would refund one payment: its number lets one through.
    "payment_transaction_reference_uniq",
    # Of a connection that the system had dropped, see `Client._send`.
    "Request timed out",
    # Left out by Debian's package of Odoo.
    "selfie_segmentation",
)

options = None
_cleanups = contextlib.ExitStack()


def close():
    """Stop every server and drop every database that was made."""
    _cleanups.close()


def free_port():
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, patience=PATIENCE, pause=0.1, explain=None):
    """Return what ``condition`` returns as soon as that is true.

    :param explain: called when it was in vain, returns what is known then
    """
    end, told = time.monotonic() + patience, time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            known = f" ({explain()})" if explain else ""
            raise AssertionError(f"In vain for {patience} s: {what}{known}")
        if time.monotonic() - told > 15:
            told = time.monotonic()
            say(f"  … waiting for {what}")
        time.sleep(pause)


class Cluster:
    """A PostgreSQL server; this one is whichever the environment names."""

    def __init__(self, **environment):
        self.environment = {**os.environ, **environment}

    def run(self, *command, **kwargs):
        """Run a program of PostgreSQL or a script against this server."""
        return subprocess.run(
            [str(word) for word in command],
            check=True,
            env=self.environment,
            cwd=HERE,
            stdin=kwargs.pop("stdin", subprocess.DEVNULL),
            **kwargs,
        )

    def receive(self, site, name):
        """Copy the database of a site of another server to this one, with its files."""
        self.drop(name)
        self.run("createdb", name)
        dump = subprocess.Popen(
            ["pg_dump", "-Fc", site.name],
            env=site.cluster.environment,
            stdout=subprocess.PIPE,
        )
        restore = ["pg_restore", "--no-owner", "--exit-on-error", "-d", name]
        self.run(*restore, stdin=dump.stdout)
        if dump.wait():
            raise AssertionError(f"{site.name} could not be dumped")
        self.link_files(site.name, name)
        return Site(name, self)

    def link_files(self, source, name):
        """Odoo never changes a stored file, so links are copies that cost nothing."""
        files = RUN / "data" / "filestore"
        if (files / source).is_dir():
            shutil.copytree(files / source, files / name, copy_function=os.link)

    def connect(self, database):
        """Return a connection that commits every statement at once."""
        connection = psycopg2.connect(
            dbname=database,
            host=self.environment["PGHOST"],
            port=self.environment["PGPORT"],
            user=self.environment["PGUSER"],
            passfile=self.environment.get("PGPASSFILE"),
        )
        connection.autocommit = True
        return connection

    def drop(self, name):
        """Drop a database with its files."""
        self.run("dropdb", "--if-exists", "--force", name)
        shutil.rmtree(RUN / "data" / "filestore" / name, ignore_errors=True)

    def copy(self, source, name):
        """Copy a database of this server, with its files."""
        self.drop(name)
        self.run("createdb", "-T", source, name)
        self.link_files(source, name)


class PrivateCluster(Cluster):
    """A PostgreSQL server of its own, to be killed."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="groupbuy-pg-"))
        _cleanups.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.bin = Path(shutil.which("pg_ctl") or "").parent
        self.port = free_port()
        super().__init__(
            PGHOST="127.0.0.1", PGPORT=str(self.port), PGUSER="odoo", pg_private=""
        )
        self.environment.pop("PGPASSFILE", None)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.data = self.folder / "data"
        self._as_owner("initdb", "-D", self.data, "-U", "odoo", "-A", "trust",
                       "-E", "UTF8", "--locale=C.UTF-8", "-N")  # fmt: skip
        settings = [
            "listen_addresses = '127.0.0.1'",
            f"port = {self.port}",
            "unix_socket_directories = ''",
            "max_connections = 200",
            "shared_buffers = 256MB",
            # A killed process loses nothing that the system has been given.
            "fsync = off",
        ]
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings) + "\n")
        self.start()
        _cleanups.callback(self.stop)

    def _as_owner(self, program, *arguments):
        command = [self.bin / program, *arguments]
        if os.geteuid() == 0:
            drop = ["setpriv", "--reuid", "postgres", "--regid", "postgres"]
            command = [*drop, "--clear-groups", *command]
        return subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def start(self):
        """Start the server, also after it was killed."""
        pid_file = self.data / "postmaster.pid"

        def started():
            pid_file.unlink(missing_ok=True)
            with contextlib.suppress(subprocess.CalledProcessError):
                log = self.folder / "log"
                self._as_owner(
                    "pg_ctl", "start", "-s", "-w", "-t", "60",
                    "-D", self.data, "-l", log,
                )  # fmt: skip
                return True

        # The killed server's processes need a moment to end.
        wait_for("PostgreSQL to start", started, pause=0.5)

    def copy(self, source, name):
        """As of any server; then nothing of the copying is left in its log.

        A copied sequence trusts the log of its original until the next checkpoint:
        killed before that, it would give its last numbers again.
        """
        super().copy(source, name)
        self.run("psql", "-q", "-d", name, "-c", "CHECKPOINT")

    def pid(self):
        return int((self.data / "postmaster.pid").read_text().split("\n")[0])

    def kill(self):
        """End the server and all its processes with SIGKILL."""
        server = psutil.Process(self.pid())
        for process in [server, *server.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def stop(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self._as_owner("pg_ctl", "stop", "-s", "-m", "immediate", "-D", self.data)


class Site:
    """A database and, once started, an Odoo server with 2 workers on it."""

    def __init__(self, name, cluster=None):
        self.name = name
        self.cluster = cluster or Cluster()
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"{name}.log"
        self.log.write_text("")
        self.process = None
        # More arguments for Odoo, and the port if it must be known beforehand.
        self.options, self.port = [], None
        self._local = threading.local()
        self._keys = itertools.count()
        self.queue = threading.Semaphore(12)
        if not options.keep:
            _cleanups.callback(self.cluster.drop, name)
        _cleanups.callback(self.stop)

    # === DATABASE === #

    def create(self):
        """Install the addons, or copy the database that --template names."""
        if options.template:
            self.cluster.copy(options.template, self.name)
        else:
            say(f"Database {self.name} …")
            test_addons = SCRIPTS / "test_addons.py"
            self.cluster.run("python", test_addons, "install", self.name)
        update = ["-u", ",".join(addons())] if options.template else []
        self.odoo("-i", "payment_demo", *update, "--stop-after-init")
        self.inside("set_up")
        return self

    def copy(self, name):
        """Return another site with a copy of this database."""
        self.disconnect()
        self.cluster.copy(self.name, name)
        return Site(name, self.cluster)

    def odoo(self, *arguments, text=None):
        """Run Odoo on the database without a server; return what it printed."""
        command = [SCRIPTS / "odoo", *arguments, "-d", self.name, "--no-http"]
        command += self.options
        result = subprocess.run(
            [str(word) for word in command],
            cwd=HERE,
            env=self.cluster.environment,
            input=text,
            stdin=None if text else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise AssertionError(f"Odoo failed:\n{(result.stderr or '')[-4000:]}")
        return result.stdout

    def inside(self, function, module="inside", **arguments):
        """Call a function of inside.py in Odoo's shell; return its answer."""
        text = (
            f"import sys; sys.path.insert(0, {str(TESTS)!r}); import {module}, json\n"
            f"print('ANSWER', json.dumps({module}.{function}(env, **{arguments!r})))\n"
        )
        output = self.odoo("shell", "--log-level=warn", text=text)
        match = re.search(r"^ANSWER (.*)$", output, re.M)
        if not match:
            raise AssertionError(f"{function} gave no answer:\n{output[-4000:]}")
        return json.loads(match[1])

    def sql(self, query, *parameters, **named):
        """Return the rows of a query, as dicts; safe in threads."""
        connection = getattr(self._local, "connection", None)
        if not connection or connection.closed:
            connection = self._local.connection = self.cluster.connect(self.name)
        try:
            with connection.cursor(
                cursor_factory=psycopg2.extras.RealDictCursor
            ) as cursor:
                cursor.execute(query, parameters or named or None)
                return [dict(row) for row in cursor] if cursor.description else []
        except psycopg2.OperationalError:
            self.disconnect()
            raise

    def disconnect(self):
        connection = getattr(self._local, "connection", None)
        if connection:
            connection.close()
            self._local.connection = None

    # === SERVER === #

    def start(self):
        """Start Odoo with 2 workers, cron and job runner, and wait for it."""
        port = self.port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            SCRIPTS / "odoo", "-d", self.name, "--db-filter", f"^{self.name}$",
            "--workers", "2", "--max-cron-threads", "1",
            "--http-port", port, "--gevent-port", free_port(),
            "--logfile", self.log, *self.options,
        ]  # fmt: skip
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=HERE,
                env=self.cluster.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_for("the server to answer", self._answers, pause=0.25)
        return self

    def _answers(self):
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-3000:]
            raise AssertionError(f"The server ended:\n{tail}")
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/web/health", timeout=20).ok

    def stop(self):
        """End the server gently, by force where it does not listen."""
        if not self.process or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        """End the server and all its processes with SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def kill_workers(self):
        """End all its worker processes with SIGKILL; Odoo starts new ones."""
        for worker in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()

    def run_cron(self, xmlid):
        """Let the server's own cron run this action now."""
        self.sql(
            "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'utc' WHERE id ="
            " (SELECT res_id FROM ir_model_data WHERE model = 'ir.cron'"
            "  AND module = %s AND name = %s)",
            *xmlid.split("."),
        )
        self.sql(
            "INSERT INTO ir_cron_trigger (cron_id, call_at) SELECT res_id,"
            " now() AT TIME ZONE 'utc' FROM ir_model_data WHERE model = 'ir.cron'"
            "  AND module = %s AND name = %s",
            *xmlid.split("."),
        )
        with self.cluster.connect("postgres") as postgres, postgres.cursor() as cursor:
            cursor.execute("SELECT pg_notify('cron_trigger', %s)", [self.name])

    def errors(self):
        """Return the records of the server's log that nobody expects."""
        text = self.log.read_text(errors="replace")
        starts = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ "
        records = re.split(f"(?m)(?={starts})", text)
        return [
            record[:3000]
            for record in records
            if re.match(rf"{starts}(ERROR|CRITICAL)", record)
            and not any(known in record for known in KNOWN_ERRORS)
        ]

    # === CLIENTS === #

    def key(self):
        return f"journey-{os.getpid()}-{next(self._keys)}"

    def close_campaign(self, campaign_id):
        """Let a campaign close at once, and wait until it is through."""
        self.run_cron("community_groupbuy.campaign_cron")
        wait_for(
            "the campaign to be closed",
            lambda: self.sql(
                "SELECT 1 FROM groupbuy_campaign WHERE id = %s"
                " AND state IN ('succeeded', 'failed')",
                campaign_id,
            ),
            pause=0.3,
        )


class Refused(Exception):
    """The server refused a call with an error for the user."""


class Client:
    """A resident with a session, over HTTP."""

    def __init__(self, site, sid):
        self.site = site
        self.http = requests.Session()
        self.http.cookies.set("session_id", sid, domain="127.0.0.1")

    def windows(self, count):
        """Return `count` more clients of the same resident's session."""
        sid = self.http.cookies["session_id"]
        return [Client(self.site, sid) for _window in range(count)]

    def rpc(self, path, **params):
        """Call a JSON-RPC route.

        :raise Refused: the user is told why not
        :raise AssertionError: anything that is not an answer
        """
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        answer = self._send("POST", path, json=body)
        if answer.status_code != 200:
            raise AssertionError(f"{path}: {answer.status_code} {answer.text[:2000]}")
        answer = answer.json()
        if "error" not in answer:
            return answer.get("result")
        error = answer["error"]["data"]
        if error["name"] in (
            "odoo.exceptions.UserError",
            "odoo.exceptions.ValidationError",
        ):
            raise Refused(error["message"])
        raise AssertionError(f"{path}: {error['debug'][-3000:]}")

    def get(self, path):
        return self._send("GET", path)

    def _send(self, method, path, **kwargs):
        """Queue in front of the workers, as a load balancer does, then send.

        Two workers of Odoo queue 16 connections themselves; the system drops or
        resets others, and waits longer and longer before it tries again.
        """
        url = f"{self.site.url}{path}"
        for _try in range(5):
            try:
                with self.site.queue:
                    return self.http.request(method, url, timeout=PATIENCE, **kwargs)
            except requests.ConnectionError as error:
                failure = error
                time.sleep(random.uniform(0.1, 1))
        raise failure

    def call(self, model, method, ids, *args, **kwargs):
        """Call a method over Odoo's RPC."""
        return self.rpc(
            f"/web/dataset/call_kw/{model}/{method}",
            model=model, method=method, args=[ids, *args], kwargs=kwargs,
        )  # fmt: skip

    def join(self, campaign, quantities, key=None):
        """:param quantities: {offer id: pieces}"""
        return self.rpc(
            f"/groupbuy/{campaign['id']}/join",
            lines=[
                {"offer_id": int(offer), "quantity": quantity}
                for offer, quantity in quantities.items()
            ],
            pickup_point_id=campaign["point"],
            key=key or self.site.key(),
        )

    def start_payment(self, order):
        """:return: the reference of a payment as the payment page starts it"""
        values = self.rpc(
            f"/shop/payment/transaction/{order['order_id']}",
            access_token=order["access_token"],
            provider_id=self.site.provider,
            payment_method_id=self.site.method,
            token_id=None,
            amount=order["amount"],
            flow="direct",
            tokenization_requested=False,
            landing_route="/my/groupbuy",
        )
        return values["reference"]

    def finish_payment(self, reference, state="done"):
        """Let the bank answer, and wait as the page does until that is processed."""
        self.bank_answers(reference, state)
        # The page asks again when somebody else's transaction was in the way.
        for _try in range(20):
            try:
                return self.rpc("/payment/status/poll")
            except AssertionError as error:
                if "retry" not in str(error):
                    raise
                time.sleep(random.uniform(0.05, 0.3))
        raise AssertionError(f"{reference} was never processed")

    def bank_answers(self, reference, state="done"):
        self.rpc(
            "/payment/demo/simulate_payment",
            reference=reference,
            payment_details="1234",
            simulated_state=state,
        )

    def pay(self, order):
        return self.finish_payment(self.start_payment(order))

    def buy(self, campaign, quantities, key=None):
        """Join and pay; return the order."""
        order = self.join(campaign, quantities, key)
        self.pay(order)
        return order

    def cancel(self, order_id):
        return self.call("sale.order", "action_groupbuy_cancel", [order_id])


def at_once(calls):
    """Call all functions at the same moment, each in a thread.

    :return: their results; a refusal or an error is a result, too
    """
    calls = list(calls)
    gate = threading.Barrier(len(calls))

    def run(call):
        gate.wait(PATIENCE)
        try:
            return call()
        except Exception as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


_base = _shared = None


def base():
    """Return the database that all others are copies of."""
    global _base
    if not _base:
        _base = Site(f"{os.environ['DB']}_journeys_base").create()
    return _base


def site():
    """Return the server that journeys share, with 300 residents' clients."""
    global _shared
    if not _shared:
        _shared = base().copy(f"{os.environ['DB']}_journeys")
        people = _shared.inside("create_residents", count=300)
        _shared.provider, _shared.method = people["provider"], people["method"]
        _shared.start()
        _shared.residents = [Client(_shared, sid) for sid in people["sessions"]]
        _shared.operator = Client(_shared, people["operator"])
    return _shared


def log_errors():
    """Return the unexpected errors in the log of the server that journeys share."""
    return _shared.errors() if _shared else []


def publish(site, offers, **vals):
    """Create and publish a campaign, as an operator's program does over RPC.

    :param list offers: {"product": name, "base_price", "tiers", and fields of offers}
    :return: {"id", "offers": their ids, "point"}
    """
    products = site.sql(
        "SELECT id, substr(default_code, 9) AS name FROM product_product"
        " WHERE default_code LIKE 'JOURNEY-%%'"
    )
    products = {product["name"]: product["id"] for product in products}
    commands = []
    for offer in offers:
        offer = dict(offer)
        tiers = offer.pop("tiers", {})
        product = offer.pop("product", "Leeks")
        commands.append(
            (0, 0, {
                "product_id": products[product],
                "base_price": offer.pop("base_price", 10),
                "tier_ids": [
                    (0, 0, {"min_quantity": quantity, "price": price})
                    for quantity, price in tiers.items()
                ],
                **offer,
            })
        )  # fmt: skip
    [campaign_id] = site.operator.rpc(
        "/web/dataset/call_kw/groupbuy.campaign/create",
        model="groupbuy.campaign",
        method="create",
        args=[[{"name": "Journey", "offer_ids": commands, **vals}]],
        kwargs={},
    )
    site.operator.call("groupbuy.campaign", "action_publish", [campaign_id])
    rows = site.sql(
        "SELECT id FROM groupbuy_offer WHERE campaign_id = %s ORDER BY id", campaign_id
    )
    [point] = site.sql("SELECT id FROM groupbuy_pickup_point ORDER BY id LIMIT 1")
    return {
        "id": campaign_id,
        "offers": [row["id"] for row in rows],
        "point": point["id"],
    }


def run_out(site, order):
    """Let the time to pay of a join run out now."""
    site.sql(
        "UPDATE groupbuy_hold SET expires_at ="
        " now() AT TIME ZONE 'utc' - interval '1 second'"
        " WHERE state = 'held' AND key ="
        " (SELECT groupbuy_key FROM sale_order WHERE id = %s)",
        order["order_id"],
    )


# === INVARIANTS === #

# Each query returns what breaks the rule, so it must return nothing.
INVARIANTS = {
    "1a no offer is oversold": """
        SELECT o.id, o.quota, SUM(h.quantity) AS taken
          FROM groupbuy_offer o
          JOIN groupbuy_offer s ON o.id IN (s.id, s.quota_offer_id)
          JOIN groupbuy_hold h ON h.offer_id = s.id
         WHERE o.quota > 0 AND (h.state = 'paid'
               OR h.state = 'held' AND h.expires_at > now() AT TIME ZONE 'utc')
      GROUP BY o.id HAVING SUM(h.quantity) > o.quota""",
    "1b no resident is above a limit": """
        SELECT o.id, h.partner_id, SUM(h.quantity) AS taken
          FROM groupbuy_offer o JOIN groupbuy_hold h ON h.offer_id = o.id
         WHERE o.max_per_resident > 0 AND (h.state = 'paid'
               OR h.state = 'held' AND h.expires_at > now() AT TIME ZONE 'utc')
      GROUP BY o.id, h.partner_id HAVING SUM(h.quantity) > o.max_per_resident""",
    "1c no hold without an order or an expiry": """
        SELECT h.id, h.state FROM groupbuy_hold h
     LEFT JOIN sale_order s ON s.partner_id = h.partner_id AND s.groupbuy_key = h.key
         WHERE h.expires_at IS NULL OR h.state = 'paid' AND s.id IS NULL""",
    "1d each line has its hold, and each paid hold its line": """
        SELECT s.name, l.groupbuy_offer_id, l.product_uom_qty, h.quantity, h.state
          FROM sale_order s
          JOIN sale_order_line l ON l.order_id = s.id
               AND l.groupbuy_offer_id IS NOT NULL
     LEFT JOIN groupbuy_hold h ON h.partner_id = s.partner_id
               AND h.key = s.groupbuy_key AND h.offer_id = l.groupbuy_offer_id
          JOIN groupbuy_offer o ON o.id = l.groupbuy_offer_id
         WHERE h.id IS NULL
            OR s.state IN ('sent', 'sale') AND h.state <> 'paid'
            OR s.state = 'cancel' AND h.state = 'paid'
               AND s.groupbuy_cancel_reason <> 'failed'
            OR l.product_uom_qty <> h.quantity
               AND NOT (s.state = 'sale' AND o.outcome = 'failure'
                        AND l.product_uom_qty = 0)""",
    "1e counters are the sum of lines": """
        SELECT * FROM (
        SELECT o.id, c.state, o.final_quantity,
               COALESCE((SELECT SUM(quantity) FROM groupbuy_hold h
                WHERE h.offer_id = o.id AND h.state = 'paid'), 0) AS paid,
               COALESCE((SELECT SUM(l.product_uom_qty) FROM sale_order_line l
                 JOIN sale_order s ON s.id = l.order_id
                WHERE l.groupbuy_offer_id = o.id AND s.state IN ('sent', 'sale')), 0)
               AS ordered, o.outcome
          FROM groupbuy_offer o JOIN groupbuy_campaign c ON c.id = o.campaign_id) AS n
         WHERE state IN ('scheduled', 'open') AND paid <> ordered
            OR outcome = 'success' AND (paid <> ordered OR paid <> final_quantity)
            OR outcome = 'failure' AND state IN ('succeeded', 'failed')
               AND ordered <> 0""",
    "2a nobody pays more than was shown": """
        SELECT s.name, l.price_unit, l.groupbuy_price
          FROM sale_order_line l JOIN sale_order s ON s.id = l.order_id
          JOIN groupbuy_hold h ON h.partner_id = s.partner_id
               AND h.key = s.groupbuy_key AND h.offer_id = l.groupbuy_offer_id
         WHERE s.state IN ('sent', 'sale')
           AND (l.price_unit > h.price OR l.groupbuy_price <> h.price)""",
    "2b the new total is not above the old one": """
        SELECT name, amount_total, groupbuy_amount FROM sale_order
         WHERE groupbuy_campaign_id IS NOT NULL AND state = 'sale'
           AND amount_total > groupbuy_amount""",
    "2c one price for all": """
        SELECT o.id, o.final_price, array_agg(DISTINCT l.price_unit) AS prices
          FROM groupbuy_offer o JOIN sale_order_line l ON l.groupbuy_offer_id = o.id
          JOIN sale_order s ON s.id = l.order_id
         WHERE s.state = 'sale' AND o.outcome = 'success'
      GROUP BY o.id HAVING COUNT(DISTINCT l.price_unit) <> 1
            OR MIN(l.price_unit) <> o.final_price""",
    "2d the final price is the tier's or the lowest shown": """
        SELECT o.id, o.final_price, o.final_quantity
          FROM groupbuy_offer o
         WHERE o.outcome = 'success' AND o.final_price <> LEAST(
               (SELECT MIN(h.price) FROM groupbuy_hold h
                 WHERE h.offer_id = o.id AND h.state = 'paid'),
               COALESCE((SELECT MIN(t.price) FROM groupbuy_tier t
                 WHERE t.offer_id = o.id AND t.min_quantity <= o.final_quantity),
                 o.base_price))""",
}
MATCHED = "3e nothing stays open on the receivable of an order"
# Money is at rest when nothing is under way: closed, refunded and booked.
MONEY = {
    "3a money in = money out + invoices": """
        SELECT * FROM (
        SELECT s.name, s.state, s.amount_total,
               COALESCE((SELECT SUM(t.amount) FROM payment_transaction t
                 WHERE t.groupbuy_order_id = s.id AND t.state = 'done'), 0) AS kept,
               COALESCE((SELECT SUM(m.amount_total_signed) FROM account_move m
                 WHERE m.state = 'posted' AND m.id IN (
                       SELECT il.move_id FROM account_move_line il
                         JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = il.id
                         JOIN sale_order_line sl ON sl.id = r.order_line_id
                        WHERE sl.order_id = s.id)), 0) AS invoiced
          FROM sale_order s WHERE s.groupbuy_campaign_id IS NOT NULL
               AND s.state IN ('sale', 'cancel')) AS n
         WHERE kept <> invoiced OR kept <> CASE state WHEN 'sale' THEN amount_total
               ELSE 0 END""",
    "3b no refund is under way, none is made twice": """
        SELECT t.reference, t.state, t.amount FROM payment_transaction t
         WHERE t.groupbuy_order_id IS NOT NULL AND t.operation = 'refund'
           AND t.state <> 'done'
         UNION ALL
        SELECT p.reference, p.state, p.amount + SUM(r.amount)
          FROM payment_transaction p JOIN payment_transaction r
               ON r.source_transaction_id = p.id AND r.state = 'done'
      GROUP BY p.id HAVING p.amount + SUM(r.amount) < 0""",
    "3c each payment and refund is booked once": """
        SELECT t.reference, COUNT(p.id), MIN(p.state), SUM(p.amount) AS booked
          FROM payment_transaction t
     LEFT JOIN account_payment p ON p.payment_transaction_id = t.id
         WHERE t.groupbuy_order_id IS NOT NULL AND t.state = 'done'
      GROUP BY t.id HAVING COUNT(p.id) <> 1 OR SUM(p.amount) <> ABS(t.amount)
            OR bool_or(p.move_id IS NULL)""",
    "3d one invoice for each confirmed order, paid": """
        SELECT s.name, COUNT(DISTINCT il.move_id) AS invoices,
               MIN(m.payment_state) AS paid
          FROM sale_order s
          JOIN sale_order_line sl ON sl.order_id = s.id
     LEFT JOIN sale_order_line_invoice_rel r ON r.order_line_id = sl.id
     LEFT JOIN account_move_line il ON il.id = r.invoice_line_id
     LEFT JOIN account_move m ON m.id = il.move_id
         WHERE s.groupbuy_campaign_id IS NOT NULL AND s.state = 'sale'
      GROUP BY s.id HAVING COUNT(DISTINCT il.move_id) <> 1
            OR bool_or(m.state <> 'posted'
               OR m.payment_state NOT IN ('paid', 'in_payment'))""",
    MATCHED: """
          WITH moves AS (
        SELECT t.groupbuy_order_id AS order_id, p.move_id
          FROM payment_transaction t
          JOIN account_payment p ON p.payment_transaction_id = t.id
         WHERE t.groupbuy_order_id IS NOT NULL
         UNION
        SELECT sl.order_id, il.move_id
          FROM sale_order_line sl
          JOIN sale_order_line_invoice_rel r ON r.order_line_id = sl.id
          JOIN account_move_line il ON il.id = r.invoice_line_id)
        SELECT s.name, SUM(ml.balance) AS balance, SUM(ml.amount_residual) AS residual
          FROM moves JOIN sale_order s ON s.id = moves.order_id
          JOIN account_move_line ml ON ml.move_id = moves.move_id
          JOIN account_account a ON a.id = ml.account_id
         WHERE s.groupbuy_campaign_id IS NOT NULL AND s.state IN ('sale', 'cancel')
           AND a.account_type = 'asset_receivable' AND ml.parent_state = 'posted'
      GROUP BY s.id HAVING SUM(ml.balance) <> 0 OR bool_or(ml.amount_residual <> 0)""",
}


def broken_invariants(site, money=True):
    """Return {rule: the first rows that break it} of design.md's invariants 1 to 3.

    :param bool money: whether everything is at rest, so that the books must agree
    """
    rules = {**INVARIANTS, **(MONEY if money else {})}
    found = {rule: site.sql(query)[:5] for rule, query in rules.items()}
    return {rule: rows for rule, rows in found.items() if rows}


UNDER_WAY = {
    "jobs": """
        SELECT name, state, retry, eta, exc_message FROM queue_job
         WHERE state IN ('pending', 'enqueued', 'started')""",
    "refunds": """
        SELECT reference, state, state_message, groupbuy_tries
          FROM payment_transaction
         WHERE groupbuy_order_id IS NOT NULL
           AND state IN ('draft', 'error') AND operation = 'refund'""",
    "bookings": """
        SELECT reference, is_post_processed, payment_id FROM payment_transaction
         WHERE groupbuy_order_id IS NOT NULL AND state = 'done'
           AND (payment_id IS NULL OR NOT is_post_processed)""",
    # What was booked at the same time is matched by the next cron.
    "receivables": MONEY[MATCHED],
}


def settle(site):
    """Wait until no job, refund or booking is under way."""

    def under_way():
        found = {name: site.sql(query) for name, query in UNDER_WAY.items()}
        return {name: rows for name, rows in found.items() if rows}

    def resting():
        busy = under_way()
        if busy and time.monotonic() > resting.next:
            resting.next = time.monotonic() + 10
            site.run_cron("payment.cron_post_process_payment_tx")
            site.run_cron("community_groupbuy.payment_cron")
        return not busy

    def explain():
        jobs = site.sql(
            "SELECT name, state, exc_info FROM queue_job WHERE state = 'failed'"
        )
        return {name: rows[:5] for name, rows in under_way().items()} | {"failed": jobs}

    resting.next = 0
    wait_for("refunds and bookings", resting, pause=0.5, explain=explain)
