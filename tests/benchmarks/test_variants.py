"""What `benchmarks.variants` and `benchmarks.observations` train and make of what they measured."""

import json

import numpy as np
import pytest

from benchmarks import variants
from benchmarks.observations import colourfulness, correlation, noise, num_spikes
from configs import paper_variants
from jaxshrink.runs.config import check_config

TINY = variants.Size(
    num_train=1, num_dev=1, num_test=1, features=4, num_layers=3, crop=16, num_steps=2
)


def result(row, seed, test=0.9, **others):
    figures = {"psnr": 25.0, "bpp": 0.5, "ssimulacra2": 30.0}
    cohort = {
        "model": {**figures, "ms_ssim": test},
        "bicubic": {**figures, "psnr": 24.0, "ms_ssim": 0.89},
        "jpeg_equal_bytes": {**figures, "ms_ssim": 0.88},
        "as_trained": {"ms_ssim": test},
    }
    train = {**cohort, "model": {**figures, "ms_ssim": 0.95, "psnr": 27.0}}
    return {
        "row": row,
        "seed": seed,
        "cohorts": {"train": train, "dev": cohort, "test": cohort},
        **others,
    }


def test_the_table_has_means_over_seeds_and_half_their_range():
    rows = variants.table([result("plain", 0, 0.90), result("plain", 1, 0.91)]).splitlines()
    cells = dict(zip(*[line.strip("| ").split(" | ") for line in (rows[0], rows[2])], strict=True))
    assert cells["row"] == "`plain`"
    assert cells["test"] == "0.9050 (0.0050)"
    assert cells["gap"] == "+0.0450 (0.0050)"
    assert cells["JPEG's gap"] == "+0.0000 (0.0000)"
    assert (cells["RecCNN adds, train"], cells["RecCNN adds, test"]) == (
        "+3.00 (0.00)",
        "+1.00 (0.00)",
    )


def test_rows_stand_in_the_configs_order_and_those_of_other_configs_follow():
    results = [result(row, 0) for row in ("another", "l1", "plain")]
    order = [line.split("`")[1] for line in variants.table(results).splitlines()[2:]]
    assert order == ["plain", "l1", "another"]


def test_a_row_that_diverged_is_told():
    lost = {"row": "plain", "seed": 1, "diverged": "a loss is nan"}
    assert "diverged with 1 of 1 seeds" in variants.table([lost])
    assert ", 1 of 2 diverged" in variants.table([result("plain", 0), lost])


@pytest.mark.parametrize("row", paper_variants.NAMES)
def test_every_row_can_be_trained(row):
    cohorts = variants.cohorts_of("packaged:", variants.Size())
    config = variants.reduced_config(row, 3, cohorts, variants.Size())
    if row == "features_start":
        config.model.rec.features = 64
    config.features.file = "vgg.npz"
    check_config(config.lock())
    assert config.seed == 3 and config.data.train.count(",") == 1
    plain = paper_variants.get_config("plain")
    assert (row == "plain") == (paper_variants.get_config(row).to_json() == plain.to_json())


def test_a_row_is_trained_measured_and_not_made_again(tmp_path):
    variants.run_row("reproduction", 0, "packaged:", TINY, tmp_path)
    path = tmp_path / "reproduction.seed0.json"
    found = json.loads(path.read_text())
    assert {path.name for path in tmp_path.iterdir()} == {path.name, path.stem + ".png", "runs"}
    assert not list((tmp_path / "runs").iterdir())
    test = found["cohorts"]["test"]
    assert test["model"]["bpp"] == test["bicubic"]["bpp"] > test["jpeg_equal_bytes"]["bpp"] * 0.9
    assert test["model"]["ssimulacra2"] < 100 and 0 <= test["model"]["saturated"] < 1
    assert found["size"]["num_steps"] == 2
    # RecCNN's output, still small, is added where the loss subtracts it.
    assert test["as_trained"]["ms_ssim"] != test["model"]["ms_ssim"]
    assert "`reproduction`" in variants.table([found])


def test_an_unknown_row_is_refused():
    with pytest.raises(ValueError, match=r"no row 'plane'.*plain, "):
        paper_variants.get_config("plane")


def test_noise_is_estimated_in_levels_and_flat_pictures_have_none():
    random = np.random.default_rng(0)
    for deviation in (3.0, 8.0):
        picture = 128 + random.normal(0.0, deviation, (160, 200, 3))
        assert noise(picture.round().astype(np.uint8)) == pytest.approx(deviation, rel=0.03)
    ramp = np.arange(0, 240, dtype=np.uint8).repeat(3).reshape(1, 240, 3).repeat(50, 0)
    assert noise(ramp) == 0.0


def test_colourfulness_is_hasler_and_suesstrunks():
    gray = np.full((8, 8, 3), 77, np.uint8)
    assert colourfulness(gray) == 0.0
    # Half red, half blue: red - green is 255 or 0, (red + green) / 2 - blue 127.5 or -255.
    halves = np.zeros((8, 8, 3), np.uint8)
    halves[:4, :, 0] = halves[4:, :, 2] = 255
    deviations, means = (127.5, 191.25), (127.5, -63.75)
    assert colourfulness(halves) == pytest.approx(np.hypot(*deviations) + 0.3 * np.hypot(*means))


def test_ranks_and_spikes():
    assert correlation([1.0, 5.0, 9.0], [2.0, 3.0, 100.0]) == pytest.approx(1.0)
    assert correlation([1.0, 5.0, 9.0], [3.0, 2.0, 1.0]) == pytest.approx(-1.0)
    assert num_spikes([1.0] * 60 + [3.0, 3.0, 1.0, 5.0] + [1.0] * 9) == 2
    assert num_spikes([1.0] * 30 + [3.0] + [1.0] * 10) == 0  # what is usual is not known yet
