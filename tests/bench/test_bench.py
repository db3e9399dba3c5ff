"""The whole benchmark, small: files, caching, and what is kept when something is broken."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from jaxshrink.bench.cache import _PACKAGE, _WITHOUT_EFFECT, PointCache, source_digest, versions
from jaxshrink.bench.points import Point
from jaxshrink.cli.main import main
from jaxshrink.codecs import CODECS
from jaxshrink.data import read_image
from jaxshrink.evaluation.metrics import image_scores

PLOTS = ("ssimulacra2", "ms-ssim", "psnr")
METHODS = ("jpeg", "jpeg-optimized", "webp", "model@webp")


def load(path):
    return json.loads(path.read_text())


def test_every_file_is_there(bench_run):
    out = bench_run.folder / "out"
    names = {path.name for path in out.iterdir()}
    expected = {"bd_rate.json", "report.html", "cache"}
    expected |= {f"{plot}.{kind}" for plot in PLOTS for kind in ("svg", "png")}
    expected |= {
        f"{method}{ending}" for method in METHODS for ending in (".json", ".per_image.json")
    }
    assert names == expected
    with Image.open(out / "psnr.png") as plot:
        plot.verify()


def test_bpp_and_scores_are_those_of_the_whole_file(bench_run):
    per_image = load(bench_run.folder / "out" / "jpeg-optimized.per_image.json")["images"]
    assert set(per_image) == {"astronaut.png", "china.png"}
    for name, points in per_image.items():
        x = read_image(bench_run.folder / "images" / name, 3, 10**6)
        for point in points:
            file = CODECS["jpeg-optimized"].encode(x, int(point["quality"]))
            assert point["num_bytes"] == len(file)
            assert point["bpp"] == 8 * len(file) / (181 * 176)
            decoded = CODECS["jpeg-optimized"].decode(file, 3)
            expected = image_scores(x[None], decoded[None])
            assert point["scores"]["psnr"] == pytest.approx(expected["psnr"][0], abs=1e-4)
            assert point["scores"]["ms-ssim"] == pytest.approx(expected["ms-ssim"][0], abs=1e-5)


def test_curves_are_means_over_images(bench_run):
    results = load(bench_run.folder / "out" / "webp.json")["results"]
    images = load(bench_run.folder / "out" / "webp.per_image.json")["images"]
    psnr = np.mean([[p["scores"]["psnr"] for p in points] for points in images.values()], axis=0)
    assert results["psnr-rgb"] == pytest.approx(list(psnr))
    assert results["quality"] == [10, 60]


def test_a_model_says_what_a_viewer_shows(bench_run):
    results = load(bench_run.folder / "out" / "model@webp.json")["results"]
    images = load(bench_run.folder / "out" / "model@webp.per_image.json")["images"]
    views = [points[0]["plain"] for points in images.values()]
    scores = [view["scores"]["ssimulacra2"] for view in views]
    assert results["plain-ssimulacra2"][0] == pytest.approx(np.mean(scores))
    assert results["plain-half-size"] == [1.0, 1.0]
    assert results["plain-colour-offset"][0] == max(view["colour_offset"] for view in views)
    # Half of 181 x 176 is too small for MS-SSIM.
    assert results["plain-ms-ssim-rgb"] == [None, None]
    assert "plain-ssimulacra2" not in load(bench_run.folder / "out" / "webp.json")["results"]


def test_bd_rates_by_method_and_metric(bench_run):
    table = load(bench_run.folder / "out" / "bd_rate.json")
    assert set(table) == set(METHODS)
    assert table["jpeg-optimized"]["psnr"]["bd_rate"] == pytest.approx(0.0)
    assert table["jpeg"]["ms-ssim"]["bd_rate"] > 0.0 > table["webp"]["psnr"]["bd_rate"]
    low, high = table["webp"]["psnr"]["overlap"]
    assert low < high
    assert table["jpeg"]["ssimulacra2"]["bd_rate"] > 0.0
    at_scores = table["jpeg"]["bytes_at_equal_ssimulacra2"]
    assert list(at_scores) == ["50", "60", "70", "75", "80"]
    # The curves end at a mean of 51.
    assert at_scores["50"] > 0.0 and at_scores["60"] is None
    same = table["jpeg-optimized"]["bytes_at_equal_ssimulacra2"]
    assert same["50"] == pytest.approx(0.0)


def test_a_second_run_measures_nothing(bench_run, monkeypatch):
    def refuse(*_args):
        raise AssertionError("measured again")

    monkeypatch.setattr("jaxshrink.bench.workers.Workers.apply", refuse)
    monkeypatch.setattr("jaxshrink.bench.report.pictures.make_pictures", refuse)
    monkeypatch.setattr("jaxshrink.bench.sweep.measure", refuse)
    before = load(bench_run.folder / "out" / "webp.json")
    assert main(bench_run.arguments) == 0
    assert load(bench_run.folder / "out" / "webp.json") == before


def test_edited_code_measures_anew(tmp_path):
    package = tmp_path / "package"
    names = ("compression/forecast.json", "compression/rate_search.py", "train.py", "cli/info.py")
    for name in names:
        assert (_PACKAGE / name).is_file()
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("1")
    before = source_digest(package)
    (package / "train.py").write_text("2")
    (package / "cli" / "info.py").write_text("2")
    assert source_digest(package) == before
    (package / "compression" / "rate_search.py").write_text("2")
    edited = source_digest(package)
    (package / "compression" / "forecast.json").write_text("2")
    refitted = source_digest(package)
    (package / "new.py").write_text("")
    assert len({before, edited, refitted, source_digest(package)}) == 4
    assert len(versions()["source"]) == 16  # is part of every point's key


def test_what_has_no_effect_is_there():
    assert all((_PACKAGE / name).exists() for name in _WITHOUT_EFFECT)


def test_an_unfinished_line_of_the_cache_is_skipped(tmp_path):
    point = Point(5, 100, 0.5, 0.1, 0.2, {"psnr": 30.0})
    cache = PointCache(tmp_path / "points.jsonl")
    cache.put("whole", point)
    cache.close()
    with (tmp_path / "points.jsonl").open("a") as file:
        file.write('{"key": "torn", "poi')
    cache = PointCache(tmp_path / "points.jsonl")
    cache.put("next", point)
    cache.close()
    cache = PointCache(tmp_path / "points.jsonl")
    assert cache.get("torn") is None
    assert cache.get("whole") == cache.get("next") == point
    cache.close()


def test_what_is_good_is_kept_and_what_is_bad_is_named(bench_run, tmp_path, capsys):
    images = tmp_path / "images"
    images.mkdir()
    pixels = read_image(bench_run.folder / "images" / "china.png", 3, 10**6)[:40, :50]
    Image.fromarray(pixels).save(images / "good.png")
    whole = (images / "good.png").read_bytes()
    (images / "broken.png").write_bytes(whole[: len(whole) // 2])
    template = f"{shutil.which('false')} {{input}} {{output}} {{quality}}"
    sweeps = ["--qualities", "jpeg=50", "--qualities", "jpeg-optimized=50"]
    out = tmp_path / "out"
    arguments = ["bench", str(images), "--methods", "jpeg", "-j", "1", "-o", str(out), *sweeps]
    assert main(arguments) == 3
    assert "1 of 2 images left out" in capsys.readouterr().err
    assert set(load(out / "jpeg.per_image.json")["images"]) == {"good.png"}
    # Sides of 40 are too short for MS-SSIM: PSNR decides there.
    assert load(out / "jpeg.json")["results"]["ms-ssim-rgb"] == [None]
    assert "two points" in load(out / "bd_rate.json")["jpeg"]["psnr"]["reason"]

    never = ["--external", f"never={template}", "--qualities", "never=50"]
    assert main([*arguments, *never]) == 8
    assert (
        "1 points failed, e.g. good.png, quality 50: never: exit code 1" in capsys.readouterr().err
    )
    assert not (out / "never.json").exists()
    assert (out / "jpeg.json").exists()
