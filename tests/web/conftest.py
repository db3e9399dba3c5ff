"""What `web/` builds, on the loopback address, in Chromium; skipped where a tool is missing."""

import base64
import dataclasses
import functools
import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from jaxshrink import Model
from jaxshrink.portable.onnx_files import export_onnx
from jaxshrink.shipped.index import DEFAULT_MODEL
from tests.web.compact import Maker

WEB = Path(__file__).parents[2] / "web"

# Runs an asynchronous function of the page's modules, and returns what it returns, or its error.
_CALL = """
const [given, done] = arguments;
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const text = async (blob) => {
  const url = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(reader.result));
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(',') + 1);
};
(async () => { BODY })().then(
  (value) => done({ value }),
  (error) => done({ error: error.name, message: error.message }),
);
"""
_EXPAND = """
const { expand } = await import('/dist/jaxshrink.js');
const shares = [];
const onProgress = (share) => shares.push(share);
const blob = await expand(new Blob([bytes(given.file)]), { ...given.options, onProgress });
return { file: await text(blob), type: blob.type, shares };
"""


class PageError(Exception):
    """A promise was rejected.

    Attributes:
      name: of the error's class.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


@dataclasses.dataclass(frozen=True)
class Page:
    """A page of one's own site, with our modules under `/dist/` and `/src/`."""

    browser: Any

    def call(self, body: str, **given: Any) -> Any:
        """What an asynchronous function of this body returns for `given`."""
        answer = self.browser.execute_async_script(_CALL.replace("BODY", body), given)
        if "error" in answer:
            raise PageError(answer["error"], answer["message"])
        return answer["value"]

    def expand(self, file: bytes, **options: Any) -> "Expanded":
        answer = self.call(_EXPAND, file=encoded(file), options=options)
        return Expanded(base64.b64decode(answer["file"]), answer["type"], answer["shares"])


@dataclasses.dataclass(frozen=True)
class Expanded:
    """The file that became of one, and what was told meanwhile."""

    file: bytes
    type: str
    shares: list[float]


def encoded(file: bytes) -> str:
    return base64.b64encode(file).decode()


def run(*command: object, **options: Any) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*map(str, command)], check=True, capture_output=True, timeout=100, **options
    )


@pytest.fixture(scope="session")
def web() -> Path:
    """The folder `web/`, with its packages."""
    if not shutil.which("node"):
        pytest.skip("needs node")
    if not (WEB / "node_modules").is_dir():
        pytest.skip("needs web/node_modules: npm ci --prefix web")
    return WEB


@pytest.fixture(scope="session")
def site(web, tmp_path_factory) -> Path:
    """A folder with `dist`, as it is built, `src`, and an empty page."""
    folder = tmp_path_factory.mktemp("site")
    export_onnx(DEFAULT_MODEL, folder / "exported", ("float32",))
    run("node", web / "build.js", folder / "exported", folder / "dist")
    shutil.copytree(web / "src", folder / "src")
    (folder / "index.html").write_text('<!doctype html><link rel="icon" href="data:,">')
    return folder


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder in silence.

    Args:
      headers: to send with every file.
    """

    def __init__(self, *args: Any, headers: Mapping[str, str], **kwargs: Any) -> None:
        self._headers = headers
        super().__init__(*args, **kwargs)

    def end_headers(self) -> None:
        for header in self._headers.items():
            self.send_header(*header)
        super().end_headers()

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def serve() -> Iterator[Any]:
    """Serves folders until the tests end: a folder, and headers, to its URL."""
    servers = []

    def start(folder: Path, headers: Mapping[str, str] = MappingProxyType({})) -> str:
        handler = functools.partial(Handler, directory=folder, headers=headers)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def site_url(site, serve) -> str:
    return serve(site)


@pytest.fixture(scope="module")
def page(browser, site_url) -> Page:
    browser.set_script_timeout(100)
    browser.get(site_url)
    return Page(browser)


@pytest.fixture(scope="session")
def maker(site) -> Maker:
    return Maker(site / "exported" / f"{DEFAULT_MODEL}.json")


@pytest.fixture(scope="session")
def model() -> Model:
    return Model.load(DEFAULT_MODEL)
