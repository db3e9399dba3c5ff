"""What expanding in a browser costs: bytes to load, seconds per megapixel, peak memory.

    python -m benchmarks.web [--repeats 3]

Builds `web/` (after `npm ci --prefix web`), serves it on the loopback address, and expands with
WebAssembly in headless Chromium: a photograph of 1.5 megapixels in turn at both scales, then one of
12 megapixels in a browser of its own, whose tab's peak of resident memory is printed.
"""

import argparse
import contextlib
import functools
import gzip
import http.server
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.timing import interleaved, summary, text
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.portable.onnx_files import export_onnx
from jaxshrink.shipped.index import DEFAULT_MODEL
from tests.chromium import start_chromium
from tests.web.compact import Maker
from tests.web.conftest import WEB, Handler, run

_LOADED = {
    "code": ("jaxshrink-img.js", "worker.js"),
    "runtime": ("ort/ort.wasm.min.mjs", "ort/ort-wasm-simd-threaded.*"),
    "description": ("models/*.json",),
    "weights, half": ("models/*-half.onnx",),
    "weights, full": ("models/*-full.onnx",),
}
_EXPAND = """
const [file] = arguments;
window.seconds = null;
(async () => {
  const { expand } = await import('/dist/jaxshrink.js');
  const blob = await (await fetch(file)).blob();
  const start = performance.now();
  await expand(blob);
  return (performance.now() - start) / 1000;
})().then((seconds) => { window.seconds = seconds; }, (error) => { window.seconds = `${error}`; });
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        site = Path(name)
        build(site)
        print_bytes(site / "dist")
        with served(site) as url:
            _print_seconds(url, options.repeats)
            for scale in (2, 1):
                _print_memory(url, scale)


def build(site: Path) -> None:
    """A site with `dist`, and files to expand."""
    export_onnx(DEFAULT_MODEL, site / "exported", ("float32",))
    run("node", WEB / "build.js", site / "exported", site / "dist")
    maker = Maker(site / "exported" / f"{DEFAULT_MODEL}.json")
    with Image.open(packaged_photographs("china.jpg")[0]) as photograph:
        for name, size in (("small", (1500, 1000)), ("large", (4000, 3000))):
            pixels = np.asarray(photograph.resize(size))
            for scale in (1, 2):
                (site / f"{name}-{scale}.jpg").write_bytes(maker.compact(pixels, scale, 50))
    (site / "index.html").write_text("<!doctype html>")


def print_bytes(dist: Path) -> None:
    for what, patterns in _LOADED.items():
        files = [path for pattern in patterns for path in dist.glob(pattern)]
        if what == "runtime":
            files = [path for path in files if "jspi" not in path.name]
        whole = sum(path.stat().st_size for path in files)
        packed = sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)
        print(f"{what}: {whole} bytes, {packed} as gzip")


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    handler = functools.partial(Handler, directory=site, headers={})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@contextlib.contextmanager
def opened(url: str) -> Iterator[tuple[Any, Path]]:
    """A browser on the page, and the folder of its profile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = start_chromium(Path(profile))
        try:
            browser.get(url)
            yield browser, Path(profile)
        finally:
            browser.quit()


def _expand(browser: Any, file: str) -> float:
    """Seconds that the page took."""
    browser.execute_script(_EXPAND, file)
    while (seconds := browser.execute_script("return window.seconds")) is None:
        time.sleep(0.2)
    if isinstance(seconds, str):
        raise RuntimeError(seconds)
    return float(seconds)


def _print_seconds(url: str, repeats: int) -> None:
    with opened(url) as (browser, _):
        first = _expand(browser, "small-2.jpg")
        _expand(browser, "small-1.jpg")
        print(f"first of 1.5 megapixels, all loaded and started: {first:.1f} s")
        calls = {
            name: functools.partial(_expand, browser, f"small-{scale}.jpg")
            for name, scale in (("half", 2), ("full", 1))
        }
        _, times = interleaved(calls, repeats)
        for name, seconds in times.items():
            told = summary([value / 1.5 for value in seconds])
            print(f"{name}: {text(told, 2)} seconds per megapixel")


def _print_memory(url: str, scale: int) -> None:
    with opened(url) as (browser, profile):
        before = _peak(profile)
        seconds = _expand(browser, f"large-{scale}.jpg")
        print(
            f"12 megapixels at scale {scale}: {seconds:.0f} s, the tab's peak {_peak(profile)} MB,"
            f" {before} before"
        )


def _peak(profile: Path) -> int:
    """Resident megabytes of the browser's largest tab since it began."""
    peaks = [0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if b"--type=renderer" in command and str(profile).encode() in command:
                status = (process / "status").read_text()
                peaks.append(int(status.split("VmHWM:")[1].split()[0]) // 1000)
        except OSError:
            continue  # it has ended
    return max(peaks)


if __name__ == "__main__":
    main()
