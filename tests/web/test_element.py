"""Pictures that sharpen in place, on a page as a site would write it."""

import itertools

import pytest

PATIENCE = 60  # seconds; what is waited for comes in one or two
_PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' blob: data:;
 script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'">
{body}
<script type="module" src="dist/jaxshrink-img.js"></script>
"""
_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
"""
_STATE = "return [...document.images].map((image) => [image.dataset.jaxshrink, image.naturalWidth])"


@pytest.fixture(scope="module")
def write(site, site_url, maker, photograph):
    """Writes a page beside a compact image of 128x96, and returns its address."""
    file = maker.compact(photograph[:96, :128], 2, 50)
    (site / "half.jpg").write_bytes(file)
    (site / "damaged.jpg").write_bytes(file[:-40])
    (site / "plain.jpg").write_bytes(file.replace(b"\xff\xea", b"\xff\xe9"))

    numbers = itertools.count()

    def page(name, body):
        """Each has its own address: one that changed within a second would come from the cache."""
        file = f"{name}-{next(numbers)}.html"
        (site / file).write_text(_PAGE.format(body=body))
        return site_url + file

    return page


@pytest.fixture
def open_page(browser):
    """Opens pages with an observer of what moves, and with what a script is to change first."""
    scripts = []

    def start(address, script=""):
        source = {"source": _SHIFTS + script}
        scripts.append(
            browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)["identifier"]
        )
        browser.get(address)
        return browser

    yield start
    for identifier in scripts:
        told = {"identifier": identifier}
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", told)


def wait(browser, is_so):
    from selenium.webdriver.support.wait import WebDriverWait

    return WebDriverWait(browser, PATIENCE).until(lambda _: is_so())


def states(browser):
    return browser.execute_script(_STATE)


@pytest.mark.parametrize(
    "picture",
    [
        '<img data-jaxshrink src="half.jpg" width="128" height="96" alt="">',
        '<img data-jaxshrink src="half.jpg" alt="">',
        '<jaxshrink-img><img src="half.jpg" width="128" height="96" alt=""></jaxshrink-img>',
    ],
)
def test_a_picture_sharpens_in_place_and_nothing_moves(picture, write, open_page):
    browser = open_page(write("one", f"{picture}<p>text below</p>"))
    size = "return JSON.stringify(document.images[0].getBoundingClientRect())"
    before = browser.execute_script(size)
    wait(browser, lambda: states(browser) == [["expanded", 128]])
    assert browser.execute_script(size) == before
    if "width" in picture:  # without, the browser itself moves what follows once it has loaded
        assert browser.execute_script("return window.shifts") == 0


def test_a_second_visit_takes_it_from_the_cache(write, open_page):
    address = write("again", '<img data-jaxshrink src="half.jpg" width="128" height="96" alt="">')
    browser = open_page(address)
    wait(browser, lambda: states(browser) == [["expanded", 128]])
    browser = open_page(address, "delete window.Worker;")
    wait(browser, lambda: states(browser) == [["expanded", 128]])


def test_only_what_comes_into_view(write, open_page):
    far = '<img data-jaxshrink src="half.jpg" width="128" height="96" alt="">'
    browser = open_page(write("far", f"{far}<pre>{chr(10) * 400}</pre>{far}"))
    wait(browser, lambda: states(browser)[0] == ["expanded", 128])
    assert states(browser)[1] == ["", 64]
    browser.execute_script("scrollTo(0, document.body.scrollHeight)")
    wait(browser, lambda: states(browser)[1] == ["expanded", 128])


def test_what_is_added_later_sharpens_too(write, open_page):
    browser = open_page(write("later", "<p>nothing yet</p>"))
    browser.execute_script(
        "document.body.insertAdjacentHTML('beforeend',"
        ' \'<figure><img data-jaxshrink src="half.jpg" width=128 height=96 alt=""></figure>\')'
    )
    wait(browser, lambda: states(browser) == [["expanded", 128]])


@pytest.mark.parametrize("name", ["damaged.jpg", "plain.jpg"])
def test_on_a_failure_the_plain_picture_stays(name, write, open_page):
    picture = f'<img data-jaxshrink src="{name}" width="128" height="96" alt="">'
    browser = open_page(write("bad", picture))
    wait(browser, lambda: states(browser) == [["plain", 64]])


@pytest.mark.parametrize(
    "script",
    [
        "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });",
        "delete window.WebAssembly;",
    ],
)
def test_who_saves_data_or_cannot_compute_keeps_the_plain_picture(script, write, open_page):
    picture = '<img data-jaxshrink src="half.jpg" width="128" height="96" alt="">'
    browser = open_page(write("save", picture), script)
    loaded = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    wait(browser, lambda: any("jaxshrink-img" in name for name in browser.execute_script(loaded)))
    assert states(browser) == [["", 64]]
    assert not any("worker" in name for name in browser.execute_script(loaded))


def test_without_scripts_the_plain_picture_has_its_place(write, open_page, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        picture = '<img data-jaxshrink src="half.jpg" width="128" height="96" alt="">'
        open_page(write("off", picture))
        assert browser.find_element("css selector", "img").rect["width"] == 128
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
