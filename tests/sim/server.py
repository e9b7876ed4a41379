"""What both simulators share: HTTP on loopback, notifications, the control route."""

import argparse
import base64
import heapq
import html
import itertools
import json
import secrets
import signal
import socket
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import requests

from sim.books import Books
from sim.faults import AFTER, BEFORE, Faults

SHANGHAI = ZoneInfo("Asia/Shanghai")
# The providers' own pauses, some hundred times shorter.
RETRIES = (0.2, 0.5, 1, 2, 5, 10, 20, 60, 120)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Hang(Exception):
    """The caller gets no answer."""


class Refusal(Exception):
    """The provider refuses a request with one of its own codes."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass
class Request:
    method: str
    target: str
    headers: dict
    body: bytes

    def __post_init__(self):
        parts = urllib.parse.urlsplit(self.target)
        self.path = parts.path
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))

    @property
    def form(self):
        """:return: the fields of the query and of a form together, as bytes"""
        texts = [urllib.parse.urlsplit(self.target).query]
        if self.headers.get("content-type", "").startswith("application/x-www-form"):
            texts.append(self.body.decode("latin-1"))
        return {
            name.encode("latin-1"): value.encode("latin-1")
            for text in texts
            for name, value in urllib.parse.parse_qsl(
                text, keep_blank_values=True, encoding="latin-1"
            )
        }


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict = field(default_factory=dict)


def page(title, body, status=200):
    """:return: a small page for a person"""
    text = (
        "<!doctype html><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>"
        "body{font:16px sans-serif;max-width:44rem;margin:1rem auto;padding:0 1rem}"
        "button,input{font:inherit;min-height:44px;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}"
        "td{padding:.3rem;overflow-wrap:anywhere}"
        "form{display:inline}tr{border-top:1px solid #8888}"
        f"</style><h1>{html.escape(title)}</h1>{body}"
    )
    return Answer(text.encode(), status, {"Content-Type": "text/html; charset=utf-8"})


def button(action, text, **values):
    """:return: a form of one button"""
    hidden = "".join(
        f"<input type='hidden' name='{html.escape(name)}' "
        f"value='{html.escape(str(value), quote=True)}'>"
        for name, value in values.items()
    )
    return (
        f"<form method='post' action='{action}'>{hidden}"
        f"<button>{html.escape(text)}</button></form>"
    )


def redirect(url):
    return Answer(b"", 303, {"Location": url})


def yuan(fen):
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02}"


class Notifier:
    """Sends notifications in the background until they are accepted."""

    def __init__(self, faults):
        self.faults = faults
        self.sent = []
        self.held = []
        self._queue = []
        self._order = itertools.count()
        self._busy = 0
        self._changed = threading.Condition()
        self._pool = ThreadPoolExecutor(8)
        threading.Thread(target=self._run, daemon=True).start()

    def add(self, event, number, url, make, accepted):
        """Send what `make(fault)` returns (headers, body), until `accepted(answer)`.

        Each try is signed anew, with its own time, as both providers do.
        """
        fault = self.faults.draw(f"notify:{event}", "notify")
        word = fault.get("fault")
        delivery = {
            "event": event,
            "number": number,
            "url": url,
            "make": make,
            "accepted": accepted,
            "tries": 0,
        }
        note = {"event": event, "number": number, "fault": word}
        if word == "drop":
            self.sent.append({**note, "status": None})
        elif word == "hold":
            self.held.append(delivery)
        elif word == "delay":
            self._push(delivery, fault.get("seconds", 5))
        elif word == "duplicate":
            for _copy in range(fault.get("copies", 3)):
                self._push(dict(delivery), 0)
        elif word:
            self._push({**delivery, "fault": fault, "last": True}, 0)
            self._push(delivery, RETRIES[0])
        else:
            self._push(delivery, 0)

    def clear(self):
        """Forget what was sent and what is still to be sent."""
        with self._changed:
            self._queue.clear()
        self.sent.clear()
        self.held.clear()

    def release(self):
        """Send what was held, the newest first."""
        while self.held:
            self._push(self.held.pop(), 0)

    def waiting(self):
        """:return: how many are on their way or will be tried again"""
        with self._changed:
            return len(self._queue) + self._busy

    def _push(self, delivery, seconds):
        with self._changed:
            entry = (time.monotonic() + seconds, next(self._order), delivery)
            heapq.heappush(self._queue, entry)
            self._changed.notify()

    def _run(self):
        while True:
            with self._changed:
                while not self._queue or self._queue[0][0] > time.monotonic():
                    due = self._queue[0][0] - time.monotonic() if self._queue else None
                    self._changed.wait(due)
                delivery = heapq.heappop(self._queue)[2]
                self._busy += 1
            self._pool.submit(self._deliver, delivery)

    def _deliver(self, delivery):
        again = None
        try:
            fault = delivery.get("fault", {})
            headers, body = delivery["make"](fault)
            note = {
                "event": delivery["event"],
                "number": delivery["number"],
                "fault": fault.get("fault"),
            }
            try:
                with requests.Session() as session:
                    session.trust_env = False
                    answer = session.post(
                        delivery["url"], data=body, headers=headers, timeout=15
                    )
                accepted = delivery["accepted"](answer)
                note.update(status=answer.status_code, accepted=accepted)
                note["answer"] = answer.text[:300]
            except requests.RequestException as error:
                accepted = False
                note.update(status=None, accepted=False, answer=str(error)[:300])
            self.sent.append(note)
            if not (accepted or delivery.get("last")):
                again = delivery
        finally:
            with self._changed:
                self._busy -= 1
            if again and again["tries"] < len(RETRIES):
                again["tries"] += 1
                self._push(again, RETRIES[again["tries"] - 1])


class Simulator:
    """A provider: subclasses say what its requests do."""

    name = ""
    # What tests and people may change with the control route, and what it means.
    settings = {
        "fee_rate": 0.006,  # of each payment, given back with refunds in proportion
        "refund_seconds": 0.2,  # from accepted to paid
        "open_bills": False,  # bills also of today, and before 10:00
        "balance": 10**9,  # fen that the merchant has besides the books
    }

    def __init__(self, keys, url, path=":memory:"):
        self.keys, self.url = keys, url.rstrip("/")
        self.books = Books(path)
        self.faults = Faults()
        self.notifier = Notifier(self.faults)
        self.options = dict(self.settings)
        self.requests = []
        self._timers = set()

    # === REQUESTS === #

    def handle(self, request):
        """:return: the answer to one request of the merchant or of a person"""
        raise NotImplementedError

    def call(self, event, number, function):
        """Do what a request asks for, with the faults that are due.

        :return: (result or the Refusal, the fault's specification)
        """
        fault = self.faults.draw(event)
        word = fault.get("fault")
        self.requests.append({"event": event, "number": number, "fault": word})
        if word in BEFORE:
            return self._fail(fault), fault
        try:
            with self.books.writing():
                result = function()
        except Refusal as refusal:
            result = refusal
        if word in AFTER and word not in ("forged", "unknown_serial", "skewed"):
            if word != "garbled":
                return self._fail(fault), fault
        return result, fault

    def _fail(self, fault):
        if fault["fault"].startswith("timeout"):
            time.sleep(fault.get("seconds", 0))
            raise Hang
        if fault["fault"].startswith("gateway"):
            return Answer(b"<html>502 Bad Gateway</html>", 502)
        return self.busy(fault)

    def busy(self, fault):
        """:return: the provider's refusal that says nothing about what was done"""
        raise NotImplementedError

    def check_url(self, url):
        """A simulator of payments talks to this machine only."""
        parts = urllib.parse.urlsplit(url or "")
        if parts.scheme not in ("http", "https") or parts.hostname not in LOOPBACK:
            raise ValueError(f"{url} is not on this machine")
        return url

    def later(self, seconds, function, *arguments):
        """Call a function that changes the books after some time."""

        def run():
            try:
                with self.books.writing():
                    function(*arguments)
            finally:
                self._timers.discard(timer)

        timer = threading.Timer(seconds, run)
        timer.daemon = True
        self._timers.add(timer)
        timer.start()

    def fee(self, amount):
        """:return: fen that a payment costs; of a refund (negative), what comes back"""
        fee = int(abs(amount) * self.options["fee_rate"] + 0.5)
        return fee if amount > 0 else -fee

    def can_pay(self, amount):
        return self.books.balance() + self.options["balance"] >= amount

    # === CONTROL === #

    def control(self, command, values):
        """Do what a test asks for: see each `control_…` method."""
        method = getattr(self, f"control_{command}", None)
        if not method:
            raise ValueError(f"There is no control command {command}")
        return method(**values)

    def control_state(self):
        """Everything in the books, and what happened."""
        return {
            "trades": self.books.all("trade"),
            "refunds": self.books.all("refund"),
            "transfers": self.books.all("transfer"),
            "flows": self.books.all("flow"),
            "balance": self.books.balance(),
            "requests": self.requests,
            "notifications": self.notifier.sent,
            "waiting": self.notifier.waiting() + len(self._timers),
            "held": len(self.notifier.held),
            "faults": self.faults.happened,
        }

    def control_faults(self, faults=(), clear=False, seed=None):
        """Add faults; `clear` forgets earlier ones, `seed` fixes what is drawn."""
        if clear:
            self.faults.clear()
        if seed is not None:
            self.faults.seed(seed)
        for spec in faults:
            self.faults.add(**spec)

    def control_options(self, skew=None, **options):
        """Change settings; `skew`: seconds that the provider's clock is ahead."""
        unknown = set(options) - set(self.settings)
        if unknown:
            raise ValueError(f"Unknown settings: {unknown}")
        self.options.update(options)
        if skew is not None:
            self.books.skew = skew
        return self.options

    def control_release(self):
        """Send the notifications that were held, newest first."""
        self.notifier.release()

    def control_reset(self):
        """Begin again with empty books and no faults."""
        for timer in list(self._timers):
            timer.cancel()
            self._timers.discard(timer)
        with self.books.writing():
            self.books.clear()
        self.faults.clear()
        self.notifier.clear()
        self.requests.clear()
        self.options = dict(self.settings)

    def control_idle(self, seconds=30):
        """Wait until nothing is on its way."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self._timers and not self.notifier.waiting():
                return True
            time.sleep(0.02)
        return False

    def control_pay(self, number, **values):
        """Let somebody pay a trade; `late`: though it was closed or has expired."""
        with self.books.writing():
            return self.pay(self.books.one("trade", number=number), **values)

    def control_move(self, kind, number, amount, document=""):
        """Book money that no trade explains, as bills sometimes show."""
        with self.books.writing():
            self.books.move(kind, number, document, amount)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: no wait for the other side's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    simulator = None

    def log_message(self, *_arguments):
        """Requests are in the books, not on the terminal."""

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length)
        request = Request(self.command, self.path, headers, body)
        try:
            if request.path.startswith("/_control/"):
                answer = self._control(request)
            else:
                answer = self.simulator.handle(request)
        except Hang:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _control(self, request):
        command = request.path.removeprefix("/_control/")
        try:
            values = json.loads(request.body) if request.body else {}
            result = self.simulator.control(command, values)
            status = 200
        except (Refusal, ValueError, TypeError, KeyError) as error:
            result, status = {"error": str(error)}, 400
        return Answer(
            json.dumps(result).encode(), status, {"Content-Type": "application/json"}
        )

    do_GET = do_POST = do_HEAD = _answer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, make, port):
        super().__init__(("127.0.0.1", port), Handler)
        url = f"http://127.0.0.1:{self.server_address[1]}"
        simulator = make(url)
        self.RequestHandlerClass = type(
            "BoundHandler", (Handler,), {"simulator": simulator}
        )
        self.simulator, self.url = simulator, url


def run(simulator_class):
    """Serve one simulator until SIGTERM: python -m sim.<name> PORT KEYS [BOOKS]"""
    from sim import keys

    parser = argparse.ArgumentParser(description=simulator_class.__doc__)
    parser.add_argument("port", type=int, help="0: any that is free")
    parser.add_argument("keys", help="folder of the keys, made when missing")
    parser.add_argument("books", nargs="?", default=":memory:", help="SQLite file")
    options = parser.parse_args()
    own = keys.load(options.keys, simulator_class.name)
    server = Server(lambda url: simulator_class(own, url, options.books), options.port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(
            number, lambda *_: threading.Thread(target=server.shutdown).start()
        )
    print(server.url, flush=True)
    server.serve_forever(poll_interval=0.2)


def token(length=24):
    """:return: letters and digits that nobody can guess"""
    return base64.b32encode(secrets.token_bytes(length)).decode()[:length].lower()
