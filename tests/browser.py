"""A person's browser: Chromium without a window, driven over its debugging protocol."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import requests
import scan
import websocket

PATIENCE = 60
NAMES = ("chromium", "google-chrome", "chromium-browser")
OPTIONS = (
    "--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu",
    "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--mute-audio", "--lang=en-US",
    "--remote-debugging-port=0", "--remote-allow-origins=*", "about:blank",
)  # fmt: skip
# Where to click, once it is there, in sight, and nothing lies over it.
FIND = """
(() => {
  // Odoo holds clicks back until all of a page's scripts are there.
  if (document.readyState != "complete"
      || document.body.classList.contains("o_lazy_js_waiting")) return null;
  const el = [...document.querySelectorAll(%s)].find(
    (el) => el.innerText.includes(%s) && el.getClientRects().length && !el.disabled);
  if (!el) return null;
  el.scrollIntoView({block: "center", behavior: "instant"});
  const box = el.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const top = document.elementFromPoint(x, y);
  if (!top || !(el.contains(top) || top.contains(el))) return null;
  window.hit = false;
  const hit = () => { window.hit = true; };
  el.addEventListener("click", hit, {capture: true, once: true});
  return [x, y];
})()"""
# A picture's pixels as rows of 0 and 1; null while it is loading.
PIXELS = """
(async () => {
  const image = document.querySelector(%s);
  if (!image || !image.src || !image.complete || !image.naturalWidth) return null;
  await image.decode();
  const size = 800;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, size, size);
  context.drawImage(image, 0, 0, size, size);
  const {data} = context.getImageData(0, 0, size, size);
  return Array.from({length: size}, (_r, y) => Array.from({length: size},
    (_c, x) => data[4 * (y * size + x)] < 128 ? "1" : "0").join(""));
})()"""


class Browser:
    """One window with cookies of its own.

    :param tuple size: width and height of the window
    :param str user_agent: if it is to pass for another device
    """

    def __init__(self, size=(1200, 900), user_agent=None):
        self.folder = Path(tempfile.mkdtemp(prefix="groupbuy-browser-"))
        program = next(filter(None, map(shutil.which, NAMES)))
        self.process = subprocess.Popen(
            [program, f"--user-data-dir={self.folder}", *OPTIONS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._numbers = itertools.count(1)
        self.errors = []
        self._connect()
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=size[0], height=size[1], deviceScaleFactor=1, mobile=size[0] < 600,
        )  # fmt: skip
        if user_agent:
            self.send("Network.setUserAgentOverride", userAgent=user_agent)

    def _connect(self):
        port_file, end = self.folder / "DevToolsActivePort", time.monotonic() + PATIENCE
        while not (port_file.exists() and port_file.read_text().count("\n")):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("The browser did not start.")
            time.sleep(0.05)
        port = port_file.read_text().split("\n")[0]
        pages = requests.get(f"http://127.0.0.1:{port}/json", timeout=30).json()
        url = next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page")
        self.socket = websocket.create_connection(url, timeout=PATIENCE)

    def close(self):
        with contextlib.suppress(Exception):
            self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, method, **params):
        """Call a method of the browser; return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            if answer.get("method") == "Runtime.exceptionThrown":
                details = answer["params"]["exceptionDetails"]
                self.errors.append(json.dumps(details)[:1000])

    # === WHAT A PERSON DOES === #

    def sign_in(self, client):
        """Take over the session of a client of the site."""
        sid = client.http.cookies["session_id"]
        self.send(
            "Network.setCookie", name="session_id", value=sid, url=client.site.url
        )

    def go(self, url):
        # The page that is being left is complete, too.
        self.js("window.leaving = true")
        result = self.send("Page.navigate", url=url)
        if result.get("errorText"):
            raise AssertionError(f"{url}: {result['errorText']}")
        self.wait(
            "!window.leaving && document.readyState == 'complete'", f"{url} to load"
        )

    def click(self, selector, text=""):
        """Click on the first such element that shows this text."""
        find = FIND % (json.dumps(selector), json.dumps(text))
        what, end = f"{selector} {text}", time.monotonic() + PATIENCE
        while time.monotonic() < end:
            x, y = self.wait(find, what)
            time.sleep(0.05)
            if self.js(find) != [x, y]:
                # Still moving, as a header does that hides.
                continue
            place = {"x": x, "y": y, "button": "left", "clickCount": 1}
            self.send("Input.dispatchMouseEvent", type="mousePressed", **place)
            self.send("Input.dispatchMouseEvent", type="mouseReleased", **place)
            # A page that has been left knows nothing of it.
            if self.js("window.hit") is not False:
                return
        raise AssertionError(f"Clicked beside {what}\n{self.url}")

    def fill(self, selector, text):
        """Type a text into a field, in place of what it holds."""
        self.click(selector)
        self.js(f"document.querySelector({json.dumps(selector)}).select()")
        self.send("Input.insertText", text=text)

    def scan(self, selector):
        """:return: the text of the QR code in a picture"""
        rows = self.wait(PIXELS % json.dumps(selector), f"a QR code in {selector}")
        return scan.decode(scan.read_pixels(rows))

    # === WHAT A PERSON SEES === #

    def js(self, expression):
        """:return: the value of an expression, None where the page is just leaving"""
        try:
            answer = self.send(
                "Runtime.evaluate",
                expression=expression, returnByValue=True, awaitPromise=True,
            )  # fmt: skip
        except AssertionError as error:
            if "context" in str(error) or "navigated" in str(error):
                return None
            raise
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression, what=None, patience=PATIENCE):
        """Return the expression's value as soon as it is true."""
        end = time.monotonic() + patience
        while not (value := self.js(expression)):
            if time.monotonic() > end:
                raise AssertionError(
                    f"In vain: {what or expression}\n{self.url}\n{self.text[:2000]}"
                )
            time.sleep(0.1)
        return value

    def wait_for_url(self, part):
        return self.wait(f"location.href.includes({json.dumps(part)})", part)

    def wait_for_text(self, text):
        condition = f"document.body?.innerText.includes({json.dumps(text)})"
        return self.wait(condition, text)

    @property
    def url(self):
        return self.js("location.href")

    @property
    def text(self):
        return self.js("document.body?.innerText") or ""

    def screenshot(self, path):
        data = self.send("Page.captureScreenshot", format="png")["data"]
        Path(path).write_bytes(base64.b64decode(data))
