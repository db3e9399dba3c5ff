"""The page, used as somebody with photographs would, served by `jaxshrink app`."""

import base64
import contextlib
import io
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from jaxshrink.cli.main import main
from tests.chromium import start_chromium
from tests.files.test_markers import PICTURES

# Hears Ctrl-C also where the tests run in the background, where shells have it ignored.
_COMMAND = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("jaxshrink", run_name="__main__")
"""
PATIENCE = 60  # seconds; what is waited for comes in one or two


@pytest.fixture(scope="module")
def address(site):
    """Where the built page is served by the command itself."""
    command = [sys.executable, "-c", _COMMAND, "app", "--no-browser"]
    command += ["--folder", str(site / "dist")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().split()[0]
            server.send_signal(signal.SIGINT)
            assert server.wait(PATIENCE) == 0
        finally:
            server.kill()


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def chromium(address, downloads, tmp_path_factory):
    """One whose downloads go to a folder, with a cache of its own."""
    browser = start_chromium(tmp_path_factory.mktemp("profile"))
    told = {"behavior": "allow", "downloadPath": str(downloads)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", told)
    browser.get(address)
    yield browser
    browser.quit()


@pytest.fixture
def app(chromium, address):
    chromium.get(address)
    return App(chromium)


@pytest.fixture(scope="module")
def files(maker, photograph, tmp_path_factory):
    """Two compact files, an ordinary picture and a damaged file."""
    folder = tmp_path_factory.mktemp("files")
    compact = {"a.jpg": (photograph[:90, :110], 2), "b.jpg": (photograph[99:200, :64], 1)}
    for name, (pixels, scale) in compact.items():
        (folder / name).write_bytes(maker.compact(pixels, scale, 50))
    (folder / "plain.jpg").write_bytes(PICTURES["JPEG"])
    (folder / "damaged.jpg").write_bytes((folder / "a.jpg").read_bytes()[:-40])
    return folder


class App:
    """What a person sees and does."""

    def __init__(self, browser):
        self.browser = browser

    def find(self, selector):
        return self.browser.find_element("css selector", selector)

    def choose(self, *paths):
        self.find("#files").send_keys("\n".join(map(str, paths)))

    def rows(self):
        return [row.text for row in self.browser.find_elements("css selector", "#list li")]

    def wait(self, is_so):
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.browser, PATIENCE).until(lambda _: is_so())

    def wait_for_end(self, number):
        self.wait(lambda: len(self.rows()) == number)
        self.wait(lambda: not self.browser.find_elements("css selector", "#list progress"))
        return self.rows()


def test_every_file_ends_with_a_result_or_a_line(app, files):
    app.choose(*sorted(files.iterdir()))
    first, second, damaged, plain = app.wait_for_end(4)
    assert first.startswith("a.jpg\nexpanded:") and second.startswith("b.jpg\nexpanded:")
    assert damaged == "damaged.jpg\nbroken or truncated image"
    assert plain == "plain.jpg\nan ordinary picture: there is nothing to expand"
    assert app.find("#status").text.startswith("plain.jpg: an ordinary picture")


def test_what_is_saved_is_the_photograph(app, files, downloads):
    app.choose(files / "a.jpg")
    app.wait_for_end(1)
    app.find("#list button[aria-label='Save a.png']").click()
    app.wait(lambda: (downloads / "a.png").exists())
    expected = main_pixels(files / "a.jpg", downloads)
    with Image.open(io.BytesIO((downloads / "a.png").read_bytes())) as image:
        assert image.size == (110, 90)
        assert np.abs(np.asarray(image).astype(int) - expected).max() <= 2


def test_saving_all_writes_over_nothing(app, files):
    """Into a folder of the browser's own, which already has an `A.png`."""
    script = """
      globalThis.showDirectoryPicker = async () => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle('saved', { create: true });
        await folder.getFileHandle('A.png', { create: true });
        return folder;
      };
    """
    app.browser.execute_script(script)
    app.choose(files / "a.jpg", files / "b.jpg")
    app.wait_for_end(2)
    app.find("#save-all").click()
    app.wait(lambda: app.find("#status").text == "2 saved.")
    script = """
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('saved');
      const sizes = {};
      for await (const [name, handle] of folder) sizes[name] = (await handle.getFile()).size;
      return sizes;
    """
    sizes = app.browser.execute_script(f"return (async () => {{{script}}})()")
    assert sorted(sizes) == ["A.png", "a (2).png", "b.png"]
    assert sizes["A.png"] == 0 < min(sizes["a (2).png"], sizes["b.png"])


def main_pixels(file, folder):
    assert main(["expand", str(file), "-o", str(folder / "expected.png")]) == 0
    with Image.open(folder / "expected.png") as image:
        return np.asarray(image)


def test_the_slider_moves_by_keys_and_the_zoom_shows_pixels(app, files):
    app.choose(files / "a.jpg")
    app.wait_for_end(1)
    app.wait(lambda: app.find("#viewer").is_displayed())
    app.find("#split").send_keys("\ue014" * 7)  # arrow right
    pair = "return getComputedStyle(document.getElementById('pair'))"
    assert app.browser.execute_script(f"{pair}.getPropertyValue('--split')") == "57%"
    assert app.find("#split").get_attribute("aria-valuetext") == "57 % compact"
    app.find("#zoom").click()
    assert app.find("#zoom").get_attribute("aria-pressed") == "true"
    app.wait(lambda: app.find("#after").rect["width"] == 110)


def test_files_are_dropped(app, files):
    """As a browser does it: a DataTransfer with files."""
    script = """
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0))],
        'dropped.jpg', { type: 'image/jpeg' }));
      document.getElementById('drop').dispatchEvent(
        new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    """
    file = (files / "b.jpg").read_bytes()
    app.browser.execute_script(script, base64.b64encode(file).decode())
    (row,) = app.wait_for_end(1)
    assert row.startswith("dropped.jpg\nexpanded:")


def test_a_picture_is_pasted(app, files):
    script = """
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0))],
        'pasted.jpg', { type: 'image/jpeg' }));
      document.body.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true }));
    """
    file = (files / "b.jpg").read_bytes()
    app.browser.execute_script(script, base64.b64encode(file).decode())
    (row,) = app.wait_for_end(1)
    assert row.startswith("pasted.jpg\nexpanded:")


def test_what_waits_is_cancelled(app, files):
    app.choose(files / "a.jpg", files / "b.jpg")
    app.find("#list button[aria-label='Cancel b.jpg']").click()
    first, second = app.wait_for_end(2)
    assert first.startswith("a.jpg\nexpanded:")
    assert second == "b.jpg\ncancelled"


def test_it_works_without_a_network_after_the_first_visit(app, files, address):
    app.choose(files / "a.jpg")
    app.wait_for_end(1)
    ready = "return navigator.serviceWorker.ready.then(() => !!navigator.serviceWorker.controller)"
    app.wait(lambda: app.browser.execute_script(ready))
    app.browser.get(address)  # now what it loads passes through the service worker
    app.choose(files / "a.jpg")
    app.wait_for_end(1)
    app.browser.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    app.browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    try:
        app.browser.get(address)
        app.choose(files / "a.jpg")
        (row,) = app.wait_for_end(1)
        assert row.startswith("a.jpg\nexpanded:")
    finally:
        offline |= {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
        app.browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)


def test_nothing_is_told_to_the_console(app, files):
    app.browser.get_log("browser")
    app.choose(files / "a.jpg", files / "damaged.jpg")
    app.wait_for_end(2)
    told = [entry["message"] for entry in app.browser.get_log("browser")]
    assert [message for message in told if "No available adapters" not in message] == []


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("app/", None, 200),
        ("ort/", None, 404),
        ("../pyproject.toml", None, 404),
        ("app/", "elsewhere.example", 403),
    ],
)
def test_only_the_page_is_served_and_only_to_this_machine(address, path, host, status):
    request = urllib.request.Request(address.removesuffix("app/") + path)
    if host:
        request.add_header("Host", host)
    with contextlib.ExitStack() as stack:
        try:
            answer = stack.enter_context(urllib.request.urlopen(request))
        except urllib.error.HTTPError as error:
            answer = stack.enter_context(contextlib.closing(error))
        assert answer.status == status


def test_without_the_page_a_line_says_so(tmp_path, capsys):
    assert main(["app", "--folder", str(tmp_path)]) == 7
    assert "make web" in capsys.readouterr().err


def test_a_port_that_cannot_be_is_a_line(tmp_path, capsys):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "index.html").write_text("")
    assert main(["app", "--no-browser", "--port", "99999", "--folder", str(tmp_path)]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1
