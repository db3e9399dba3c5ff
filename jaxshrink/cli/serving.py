"""A folder with the page, served to this machine alone."""

import http.server
from http import HTTPStatus

HOST = "127.0.0.1"
PAGE = "/app/"
# Isolated from other origins, a page may compute in threads.
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files, no folders' listings, and only to pages of this machine."""

    # Whatever the machine's own table of types says.
    extensions_map = {  # noqa: RUF012
        "": "application/octet-stream",
        ".css": "text/css",
        ".html": "text/html",
        ".js": "text/javascript",
        ".json": "application/json",
        ".mjs": "text/javascript",
        ".svg": "image/svg+xml",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
    }

    def do_GET(self) -> None:
        # A page elsewhere whose name was made to mean this machine sends its own.
        if self.headers.get("Host", "").partition(":")[0] not in (HOST, "localhost"):
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.path == "/":
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", PAGE)
            self.end_headers()
        else:
            super().do_GET()

    def list_directory(self, path: object) -> None:
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        for header in _HEADERS.items():
            self.send_header(*header)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass
