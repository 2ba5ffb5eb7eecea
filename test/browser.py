"""A headless Chromium for the tests of pages, driven through chromedriver as WebDriver has it."""

import contextlib
import json
import re
import shutil
import subprocess
import unittest
import urllib.request

from .support import _REQUIRED

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Down": "\ue015", "Up": "\ue013", "Tab": "\ue004"}
# For whatever is done in a moment: a machine may be busy.
MOST_SECONDS = 60

needs_chromium = unittest.skipUnless(
    (CHROMIUM and shutil.which("chromedriver")) or "chromium" in _REQUIRED,
    "needs chromium and its driver: apt-get install chromium chromium-driver",
)

_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
# Whatever a page asks for goes nowhere.
_ARGUMENTS += ["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]


class Browser:
    """One window of a Chromium."""

    def __init__(self, port):
        self._base = f"http://127.0.0.1:{port}/session"
        options = {"args": _ARGUMENTS, "binary": CHROMIUM}
        logs = {"browser": "ALL"}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
        found = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self._base += f"/{found['sessionId']}"
        self._ask("POST", "/timeouts", {"script": 1000 * MOST_SECONDS})

    def _ask(self, method, path, data=None):
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self._base + path, body, method=method)
        # The environment may name a proxy, which knows nothing of this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=2 * MOST_SECONDS) as answer:
            return json.load(answer)["value"]

    def open(self, path):
        """Show the file at *path*."""
        self._ask("POST", "/url", {"url": path.as_uri()})

    def run(self, script, *arguments):
        """Return what the JavaScript *script* returns; *arguments* are its ``arguments``."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, condition):
        """Return when the JavaScript *condition* is true."""
        script = (
            "const done = arguments[0]; "
            f"const look = () => {condition} ? done(true) : requestAnimationFrame(look); look();"
        )
        self._ask("POST", "/execute/async", {"script": script, "args": []})

    def click(self, selector):
        """Click on the first element that *selector* finds, as a person would."""
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{next(iter(found.values()))}/click", {})

    def press(self, *keys):
        """Press *keys*, each a letter or a name of `KEYS`."""
        steps = [{"type": step, "value": KEYS.get(key, key)} for key in keys for step in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": steps}]})

    def command(self, name, **parameters):
        """Return what a command of Chromium's own protocol does."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def errors(self):
        """Return what the console has told since it was asked last."""
        return [each["message"] for each in self._ask("POST", "/se/log", {"type": "browser"})]

    def close(self):
        """End it."""
        self._ask("DELETE", "")


@contextlib.contextmanager
def browser():
    """Run a Chromium for the time of the block, and give a `Browser`."""
    # It chooses a port that is free, and says which.
    process = subprocess.Popen(
        ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if started := re.search(r"started successfully on port (\d+)", line):
                break
        else:
            raise RuntimeError(f"chromedriver has ended without a port: {''.join(said)}")
        found = Browser(int(started[1]))
        try:
            yield found
        finally:
            found.close()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
