"""A headless Chromium, driven over its own DevTools protocol: enough to open a page, press keys and look."""

import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import websocket

from tests.waiting import LIMIT_SECONDS, wait_until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


class Tab:
    """One tab. What a page logs as an error, or its content security policy refuses, is in `errors`."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket
        self._count = 0
        self.errors: list[str] = []
        self._within = "file:"
        self.asked_for_files: int | None = None
        """The field for which the browser asks for files, where that was intercepted."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)

    def send(self, method: str, **parameters: Any) -> Any:
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            self._note(message)
            if message.get("id") == self._count:
                assert "error" not in message, message
                return message["result"]

    def open(self, place: Path | str, width: int = 1440, height: int = 1000, **media: str) -> None:
        """Open a file or an address, as wide as said, with media features like prefers_color_scheme="dark"."""
        url = place if isinstance(place, str) else place.as_uri()
        self._within = "/".join(url.split("/")[:3])
        self.resize(width, height, **media)
        self.send("Page.navigate", url=url)
        there = f"location.href === {json.dumps(url)} && document.readyState === 'complete'"
        wait_until(lambda: self.run(there), f"{url} to load")

    def resize(self, width: int, height: int = 1000, **media: str) -> None:
        """Show what is open in another size, or with other media features."""
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self.send("Emulation.setEmulatedMedia", features=features)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **size)

    def run(self, script: str) -> Any:
        """What an expression gives, awaited."""
        result = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def press(self, key: str, *, shift: bool = False, ctrl: bool = False) -> None:
        code = _KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text: dict[str, Any] = (
            {"text": key} if len(key) == 1 and not ctrl else {"text": "\r"} if key == "Enter" else {}
        )
        text["modifiers"] = 8 * shift + 2 * ctrl
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    def hover(self, selector: str) -> None:
        box = self.run(
            f"(e => {{ e.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            f" const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2] }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])

    def picture(self, whole: bool = False) -> bytes:
        """What is seen, or the whole page, as PNG."""
        return b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def _note(self, message: dict[str, Any]) -> None:
        found = message.get("params", {})
        match message.get("method"):
            case "Log.entryAdded" if found["entry"]["level"] == "error":
                self.errors.append(found["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.errors.append(str(found["exceptionDetails"]))
            case "Page.fileChooserOpened":
                self.asked_for_files = found["backendNodeId"]
            case "Network.requestWillBeSent" if not found["request"]["url"].startswith(
                (self._within, "data:")
            ):
                self.errors.append(f"asked for {found['request']['url']}")


@contextmanager
def chromium(folder: Path) -> Iterator[Tab]:
    """A browser with its profile in `folder`, without a network."""
    assert CHROMIUM is not None
    process = subprocess.Popen(
        [
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
            "--proxy-server=127.0.0.1:9",
            "--remote-debugging-port=0",
            "--remote-allow-origins=*",
            f"--user-data-dir={folder}",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port_file = folder / "DevToolsActivePort"

        def listens() -> bool:
            assert process.poll() is None, "Chromium did not start"
            return port_file.exists() and port_file.read_text().strip() != ""

        wait_until(listens, "Chromium to start")
        port = port_file.read_text().split()[0]
        with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            page = next(t for t in json.load(answer) if t["type"] == "page")
        socket = websocket.create_connection(
            page["webSocketDebuggerUrl"], timeout=LIMIT_SECONDS, max_size=None
        )
        try:
            yield Tab(socket)
        finally:
            socket.close()
    finally:
        process.terminate()
        process.wait()
