"""Chromium by its driver: as much of WebDriver (W3C) and of the browser's own protocol as the tests need."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from tests.interop.programs import free_port, path_of

LIMIT_S = 30.0
# Nothing of the user's, nothing from the network.
_ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--window-size=1200,900",
]  # fmt: skip
# What WebDriver calls an element, and keys (W3C WebDriver §12.1, §17.4.2).
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"home": "\ue011", "end": "\ue010", "left": "\ue012", "right": "\ue014", "tab": "\ue004", "space": " "}


class Browser:
    """A context manager over one headless browser with a fresh profile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Browser:
        port = free_port("127.0.0.1")
        self._driver = subprocess.Popen(
            [path_of("chromedriver"), f"--port={port}", "--allowed-ips=127.0.0.1"], stdout=subprocess.PIPE
        )
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            if b"started successfully" in line:
                break
        self._url = f"http://127.0.0.1:{port}/session"
        options = {
            "binary": path_of("chromium"), "args": [*_ARGUMENTS, f"--user-data-dir={self._folder}"],
        }  # fmt: skip
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        made = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self._url += "/" + made["sessionId"]
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.communicate(timeout=LIMIT_S)

    def _ask(self, method: str, path: str, facts: dict[str, object] | None = None) -> Any:
        data = json.dumps(facts).encode() if facts is not None else None
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return json.load(answer)["value"]

    def open(self, path: Path) -> None:
        """Opens a file, and waits until it is there."""
        self._ask("POST", "/url", {"url": path.as_uri()})

    def run(self, script: str, *arguments: object) -> Any:
        """What the script returns, run in the page."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script: str) -> Any:
        """Waits until the script returns something true."""
        waiting = """
            const done = arguments[0], until = performance.now() + 20000, look = () => {
              const found = (() => { %s })();
              if (found || performance.now() > until) done(found); else requestAnimationFrame(look);
            };
            look();"""
        found = self._ask("POST", "/execute/async", {"script": waiting % script, "args": []})
        assert found, script
        return found

    def press(self, *names: str) -> None:
        """Presses keys, one after the other."""
        keys = [KEYS[name] for name in names]
        acts = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": acts}]})

    def click(self, selector: str) -> None:
        """Clicks what the selector finds first, as with a mouse: it must be there to be seen."""
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{found[_ELEMENT]}/click", {})

    def ask(self, order: str, **facts: object) -> Any:
        """An order of the browser's own protocol (CDP)."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": order, "params": facts})

    def complaints(self) -> list[str]:
        """What the browser has to say of the page, such as that its policy was broken; each is told once."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]
