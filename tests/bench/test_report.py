"""The report in a real browser; skipped where none is installed."""

import time
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def page(browser, bench_run) -> Any:
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get((bench_run.folder / "out" / "report.html").as_uri())
    wait(
        lambda: browser.execute_script("return document.querySelector('.stage').offsetHeight > 50")
    )
    yield browser
    assert browser.get_log("browser") == []


def wait(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the page did not get there"
        time.sleep(0.05)


def find(page: Any, selector: str) -> Any:
    return page.find_element("css selector", selector)


def visible_share(page: Any) -> float:
    """How much of the left picture is seen, from 0 to 1."""
    return page.execute_script("""
        const image = document.querySelector('.stage > img.left');
        const cut = parseFloat(image.style.clipPath.split(' ')[1]);
        return 1 - cut / image.clientWidth;
    """)


def test_all_pictures_load(page):
    sizes = page.execute_script(
        "return [...document.images].map((image) => [image.complete, image.naturalWidth])"
    )
    assert sizes == [[True, 176], [True, 176], [True, 88]]


def test_nothing_is_asked_from_a_network(page):
    requests = [line["message"] for line in page.get_log("performance")]
    sent = [line for line in requests if '"Network.requestWillBeSent"' in line]
    assert sent and not any('"url":"http' in line for line in sent)


def test_the_slider_moves_by_key_and_by_pointer(page):
    from selenium.webdriver import ActionChains, Keys

    divider = find(page, ".divider")
    assert visible_share(page) == pytest.approx(0.5, abs=0.01)
    divider.send_keys(Keys.ARROW_RIGHT * 5)
    assert visible_share(page) == pytest.approx(0.6, abs=0.01)
    divider.send_keys(Keys.HOME)
    assert divider.get_attribute("aria-valuenow") == "0"
    stage = find(page, ".stage")
    width = stage.size["width"]
    ActionChains(page).move_to_element_with_offset(stage, width // 5, 0).click().perform()
    assert visible_share(page) == pytest.approx(0.7, abs=0.01)


def test_it_zooms_to_the_pixels(page):
    from selenium.webdriver import Keys

    stage = find(page, ".stage")
    stage.send_keys("+++")
    image = find(page, ".stage > img.right")
    assert image.size["width"] == 4 * 176
    page.execute_script("document.querySelector('.viewer').style.width = '500px'")
    wait(lambda: "zoomed" in stage.get_attribute("class"))
    before = image.location["x"]
    stage.send_keys(Keys.ARROW_RIGHT)
    assert image.location["x"] < before
    assert "pixels" in stage.get_attribute("class")


def test_pictures_and_images_can_be_chosen(page):
    before = find(page, ".stage > img.right").get_attribute("src")
    find(page, ".stage").send_keys("n")
    wait(lambda: find(page, ".stage > img.right").get_attribute("src") != before)
    assert find(page, "tr[aria-selected=true]").get_attribute("data-image") == "china.png"
    find(page, "input[name=left][value=original]").click()
    assert find(page, ".tag.left").text == "Original"


def test_the_table_sorts(page):
    def names() -> list[str]:
        rows = page.find_elements("css selector", "#images tbody tr")
        return [row.get_attribute("data-image") for row in rows]

    button = find(page, "#images thead button")
    button.click()
    ascending = names()
    button.click()
    assert names() == ascending[::-1] and len(ascending) == 2


def test_all_comparisons_are_told(page):
    def heads(selector: str) -> list[str]:
        return [cell.text for cell in page.find_elements("css selector", f"{selector} thead th")]

    assert {"SSIMULACRA2", "MS-SSIM (dB)", "PSNR (dB)"} <= set(heads("#savings"))
    assert {"50", "60", "70", "75", "80"} <= set(heads("#equal-scores"))
    assert "colour off by" in heads("#plain")
    assert len(page.find_elements("css selector", "#plain tbody tr")) == 2
    assert "at equal SSIMULACRA2" in find(page, "#summary").text


def test_curves_can_be_hidden_and_metrics_chosen(page):
    def num_lines() -> int:
        return len(page.find_elements("css selector", ".chart .line"))

    # Three codecs; the model, and its plain view.
    assert num_lines() == 5
    find(page, ".legend button").click()
    assert num_lines() == 4
    before = find(page, ".chart .line").get_attribute("d")
    page.find_elements("css selector", ".tabs button")[1].click()
    assert find(page, ".chart .line").get_attribute("d") != before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(page, scheme):
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.refresh()
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    background = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    level = int(background.split("(")[1].split(",")[0])
    assert level < 60 if scheme == "dark" else level > 200
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
