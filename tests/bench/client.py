"""A browser's requests without the browser: sockets and cookies, nothing parsed twice.

Odoo's workers answer one request per connection, so there is nothing to keep alive.
"""

import json
import re
import socket
import threading
import time

# Of every resident of the benchmarks.
PASSWORD = "resident"
# Odoo's two workers let 16 connections wait; a proxy holds the rest back, and so do we.
GATE = threading.BoundedSemaphore(16)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TOKEN = re.compile(r'csrf_token: "([^"]+)"|name="csrf_token" value="([^"]+)"')


class HttpError(Exception):
    """A request failed, or its answer was not what the journey needs."""


class Answer:
    """One response: its status, its Location header, its body."""

    def __init__(self, status, location, body):
        self.status = status
        self.location = location
        self.body = body

    @property
    def text(self):
        return self.body.decode()


def receive(connection):
    """Read one response to its announced end, as browsers and proxies do.

    Odoo's worker waits 10 ms for more of the request unless the other side hangs up.
    """
    raw = connection.recv(262_144)
    while b"\r\n\r\n" not in raw and (more := connection.recv(262_144)):
        raw += more
    head, _, body = raw.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    parts, missing = [raw], int(length[1]) - len(body) if length else None
    while missing != 0 and (more := connection.recv(262_144)):
        parts.append(more)
        if missing is not None:
            missing -= len(more)
    return b"".join(parts)


class Browser:
    """One visitor with cookies; counts requests."""

    def __init__(self, port):
        self.address = ("127.0.0.1", port)
        self.cookies = {}
        self.requests = 0

    def send(self, method, path, body=b"", content_type=None):
        """Send one request; return its answer.

        :raise HttpError: the connection broke, or the status is 4xx or 5xx
        """
        head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        if self.cookies:
            pairs = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
            head.append(f"Cookie: {pairs}")
        if content_type:
            head += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
        request = "\r\n".join([*head, "", ""]).encode() + body
        self.requests += 1
        try:
            with (
                GATE,
                socket.create_connection(self.address, timeout=120) as connection,
            ):
                connection.sendall(request)
                raw = receive(connection)
        except OSError as error:
            raise HttpError(f"{method} {path}: {error}") from error
        answer = self._parse(raw)
        if answer.status >= 400:
            raise HttpError(f"{method} {path}: {answer.status} {answer.text[:300]}")
        return answer

    def _parse(self, raw):
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        if not lines[0].startswith("HTTP/"):
            raise HttpError("The server closed the connection without an answer.")
        location = None
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.lower()
            if name == "set-cookie":
                key, _, content = value.strip().partition(";")[0].partition("=")
                self.cookies[key] = content
            elif name == "location":
                location = value.strip()
        return Answer(int(lines[0].split()[1]), location, body)

    def get(self, path, follow=True):
        """GET a page and follow where it leads."""
        answer = self.send("GET", path)
        while follow and answer.location:
            path = re.sub(r"^https?://[^/]+", "", answer.location)
            answer = self.send("GET", path)
        return answer

    def rpc(self, path, **params):
        """POST to a JSON-RPC route; return its result.

        :raise HttpError: the route answered with an error
        """
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params})
        answer = self.send("POST", path, body.encode(), "application/json")
        result = json.loads(answer.body)
        if "error" in result:
            error = result["error"]
            message = error.get("data", {}).get("message") or error["message"]
            raise HttpError(f"POST {path}: {message}")
        return result.get("result")

    def sign_in(self, database, login, password):
        """Open a session as a resident."""
        self.rpc(
            "/web/session/authenticate", db=database, login=login, password=password
        )


def run(browsers, journey, seconds):
    """Let every browser repeat ``journey(browser)`` for some seconds.

    A journey under way at the end is finished and counted, with the time that it takes.

    :return: (journeys done, seconds that they took, errors as text)
    """
    done, errors = [], []
    start = time.monotonic()

    def visit(browser):
        while time.monotonic() - start < seconds:
            try:
                journey(browser)
                done.append(time.monotonic() - start)
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=visit, args=(b,)) for b in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done), time.monotonic() - start, errors
