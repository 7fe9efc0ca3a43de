"""Pictures of pages by a headless Chromium, told what to do over a pipe (Chrome DevTools protocol)."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from attrs import frozen

from asynq_mon_codegen.errors import UsageError

__all__ = ["Browser", "Look", "find_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--mute-audio"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--disable-extensions", "--disable-quic", "--proxy-server=127.0.0.1:9", "--font-render-hinting=none"),
    "--remote-debugging-pipe",
)
_DRAWN = """new Promise((done) => {
  const root = document.documentElement;
  const look = () => root.dataset.drawn && done(Math.ceil(document.body.scrollHeight));
  new MutationObserver(look).observe(root, {attributes: true});
  look();
})"""
"""The page says itself when every panel is drawn; the promise gives its height."""


@frozen(kw_only=True)
class Look:
    """How a page is photographed; ``width`` in CSS pixels, ``open_rows`` shows the panels of collapsed rows."""

    theme: Literal["dark", "light"] = "dark"
    width: int = 1600
    open_rows: bool = True


def find_browser() -> str:
    """The path of Chromium or Chrome: ``CHROMIUM``, else what is in PATH.

    Raises:
        UsageError: there is none.
    """
    named = os.environ.get("CHROMIUM", "")
    found = next((path for name in ((named,) if named else _NAMES) if (path := shutil.which(name))), None)
    if found is None:
        looked = f"CHROMIUM={named} is no program" if named else f"none of {', '.join(_NAMES)} is in PATH"
        raise UsageError(f"no browser for pictures: {looked}", "install chromium, or set CHROMIUM= to its path")
    return found


class Browser:
    """A headless browser, in a ``with`` block; it never gets to the network.

    Raises:
        UsageError: it does not start, or does not answer within ``timeout`` seconds.
    """

    def __init__(self, program: str, *, timeout: float = 60.0) -> None:
        self._timeout, self._count, self._rest = timeout, 0, b""
        self._profile = tempfile.TemporaryDirectory(prefix="asynq-mon-preview-", ignore_cleanup_errors=True)
        # Chromium reads its orders from file 3 and answers on 4
        wrapper = 'exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1'
        command = ["sh", "-c", wrapper, program, *_FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)  # noqa: S603

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._profile.cleanup()

    def picture(self, page: Path, look: Look) -> bytes:
        """The whole page as PNG, as high as it is."""
        self._deadline = time.monotonic() + self._timeout
        address = f"{page.resolve().as_uri()}#theme={look.theme}{'&rows=open' if look.open_rows else ''}"
        target = self._tell("Target.createTarget", url="about:blank")["targetId"]
        session = self._tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        size = {"width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._tell("Emulation.setDeviceMetricsOverride", session, **size)
        self._tell("Page.enable", session)
        self._tell("Page.navigate", session, url=address)
        self._event("Page.loadEventFired")
        answer = self._tell("Runtime.evaluate", session, expression=_DRAWN, awaitPromise=True, returnByValue=True)
        height = answer.get("result", {}).get("value")
        if not isinstance(height, int):
            raise UsageError(f"{page}: the browser did not draw it: {json.dumps(answer)[:300]}")
        area = {"x": 0, "y": 0, "width": look.width, "height": height, "scale": 1}
        shot = self._tell("Page.captureScreenshot", session, format="png", captureBeyondViewport=True, clip=area)
        self._tell("Target.closeTarget", targetId=target)
        return base64.b64decode(shot["data"])

    def _tell(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._count += 1
        order = {
            "id": self._count,
            "method": method,
            "params": parameters,
            **({"sessionId": session} if session else {}),
        }
        try:
            _stream(self._process.stdin).write(json.dumps(order).encode() + b"\0")
        except BrokenPipeError:
            raise self._gone() from None
        while True:
            answer = self._message()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise UsageError(f"the browser refused {method}: {answer['error'].get('message')}")
                result: dict[str, Any] = answer["result"]
                return result

    def _event(self, name: str) -> None:
        while self._message().get("method") != name:
            pass

    def _message(self) -> dict[str, Any]:
        """The next message; they end with a NUL."""
        stream = _stream(self._process.stdout)
        while b"\0" not in self._rest:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                raise UsageError(
                    f"the browser was not done within {self._timeout:g} seconds", "give it more with --browser-timeout"
                )
            more = os.read(stream.fileno(), 1 << 20)
            if not more:
                raise self._gone()
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def _gone(self) -> UsageError:
        status = self._process.poll()
        return UsageError(f"the browser ended by itself (exit code {status})", "does it start? try: chromium --version")


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the browser has no pipe")
    return stream
