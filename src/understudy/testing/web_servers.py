"""Web servers on loopback addresses that can be stopped and started, for integration tests."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


class _Page(BaseHTTPRequestHandler):
    """Answers everything with its status and `ready`."""

    status: ClassVar[int] = 200

    def do_GET(self) -> None:  # the library's name
        """One page."""
        self.send_response(self.status)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"ready")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's signature
        """Say nothing."""


class WebServers:
    """One port, any number of addresses."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._running: dict[str, ThreadingHTTPServer] = {}

    def start(self, address: str, status: int = 200) -> None:
        """Serve on an address."""
        page = type("Page", (_Page,), {"status": status})
        server = ThreadingHTTPServer((address, self.port), page)
        self._running[address] = server
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self, address: str) -> None:
        """Refuse connections on an address from now on."""
        server = self._running.pop(address)
        server.shutdown()
        server.server_close()

    def stop_all(self) -> None:
        """End."""
        for address in list(self._running):
            self.stop(address)
