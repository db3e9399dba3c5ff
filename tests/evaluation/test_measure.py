import numpy as np
import pytest

from jaxshrink.codecs import codec_by_name
from jaxshrink.data import open_cohort
from jaxshrink.evaluation.measure import TableEntry, measure_codec, measure_model
from jaxshrink.evaluation.paper_table import CohortResult, format_table, measure_cohort, summarize
from jaxshrink.evaluation.triptychs import triptych
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.models import ComCNN, Networks, RecCNN, init_variables
from jaxshrink.ops import metrics

CODEC = codec_by_name("jpeg-optimized")


@pytest.fixture(scope="module")
def pipeline():
    import jax

    networks = Networks(ComCNN(features=4), RecCNN(features=4, num_layers=3))
    return Pipeline(networks, init_variables(networks, jax.random.key(0), jax.random.key(1)))


@pytest.fixture
def folder(tmp_path, photograph):
    """Images of two sizes, out of order; one is too small for MS-SSIM."""
    from PIL import Image

    for name, crop in {
        "a": photograph[:170, :175],
        "b": photograph[200:300, :101],
        "c": photograph[200:370, 300:475],
    }.items():
        Image.fromarray(crop).save(tmp_path / f"{name}.png")
    return tmp_path


@pytest.fixture
def cohort(folder, pool):
    return open_cohort(str(folder), pool)


def test_a_model_is_measured_on_real_bytes_of_the_compact_image(pipeline, cohort, pool):
    results = {r.index: r for r in measure_model(pipeline, cohort, CODEC, 50, pool)}
    assert sorted(results) == [0, 1, 2]
    for index, result in results.items():
        x = cohort[index]
        np.testing.assert_array_equal(result.x, x)
        y = pipeline.compact(x[None])[0]
        file = CODEC.encode(y, 50)
        assert result.model.num_bytes == result.bicubic.num_bytes == len(file)
        assert result.model.bpp == 8 * len(file) / (x.shape[0] * x.shape[1])
        np.testing.assert_array_equal(result.y_hat, CODEC.decode(file, 3))
        assert result.x_hat.shape == x.shape
        assert result.x_hat.dtype == np.uint8
        error = np.square(result.x_hat.astype(float) - x).mean()
        assert result.model.psnr == pytest.approx(10 * np.log10(255**2 / error), abs=1e-3)
        assert (result.model.ms_ssim is None) == (index == 1)


def test_a_codec_is_measured_at_the_quality_chosen_for_each_image(cohort, pool):
    measured = measure_codec(cohort, CODEC, lambda index, image: 20 + 30 * index, pool)
    for index, measurement in measured.items():
        file = CODEC.encode(cohort[index], 20 + 30 * index)
        assert (measurement.quality, measurement.num_bytes) == (20 + 30 * index, len(file))
    a, b = cohort[0], CODEC.decode(CODEC.encode(cohort[0], 20), 3)
    expected = metrics.ms_ssim(*(np.float32(image[None] / 255) for image in (a, b)))[0]
    assert measured[0].ms_ssim == pytest.approx(float(expected), abs=1e-5)


def test_what_an_image_scores_does_not_depend_on_its_company(cohort, folder, pool):
    together = measure_codec(cohort, CODEC, lambda index, image: 30, pool)
    alone = measure_codec(
        open_cohort(str(folder / "c.png"), pool), CODEC, lambda index, image: 30, pool
    )
    assert together[2].num_bytes == alone[0].num_bytes
    assert together[2].psnr == pytest.approx(alone[0].psnr, abs=1e-4)
    assert together[2].ms_ssim == pytest.approx(alone[0].ms_ssim, abs=1e-6)


def test_equal_bytes_is_the_largest_quality_that_fits(pipeline, cohort, pool):
    results, kept = measure_cohort(pipeline, cohort, CODEC, CODEC, [50, 1], pool, keep=[2])
    for index in range(3):
        budget = results[50].measurements["model"][index].num_bytes
        equal = results[50].measurements["jpeg_equal_bytes"][index]
        image = cohort[index]
        fitting = [q for q in range(1, 101) if len(CODEC.encode(image, q)) <= budget]
        assert equal.quality == max(fitting)
        assert equal.num_bytes <= budget
    # At quality 1 the compact image takes fewer bytes than the original ever can.
    assert results[1].over_budget == {0, 1, 2}
    assert all(m.quality == 1 for m in results[1].measurements["jpeg_equal_bytes"])
    assert results[1].summary()["jpeg_equal_bytes"]["num_over_budget"] == 3
    assert all(row["jpeg_equal_bytes"]["over_budget"] for row in results[1].per_image().values())
    assert [result.index for result in kept[50]] == [2]
    assert kept[50][0].x.shape == cohort[2].shape


def test_means_are_over_images_of_their_own_values():
    rows = [TableEntry(50, 100, 0.5, 30.0, 0.9), TableEntry(50, 300, 1.5, 40.0, 0.8)]
    assert summarize(rows) == {
        "ms_ssim": pytest.approx(0.85),
        "psnr": pytest.approx(35.0),
        "bpp": pytest.approx(1.0),
        "num_images": 2,
    }
    assert summarize([*rows, TableEntry(50, 1, 1.0, 20.0, None)])["ms_ssim"] is None


def test_the_table_has_a_line_per_method():
    rows = [TableEntry(50, 100, 0.5, 30.123, 0.9876)]
    methods = dict.fromkeys(("model", "bicubic", "jpeg_q75", "jpeg_equal_bytes"), rows)
    summary = CohortResult(("a.png",), methods, frozenset({0})).summary()
    lines = format_table({"train": summary, "test": summary}).splitlines()
    assert "train, 1 images" in lines[0]
    assert lines[3].count("0.9876  30.12  0.500") == 2
    assert lines[-1] == "test: 1 images need more bytes even at quality 1"


def test_a_triptych_shows_the_compact_image_at_its_own_size():
    x, y_hat = np.zeros((9, 12, 3), np.uint8), np.full((5, 6, 3), 100, np.uint8)
    picture = np.asarray(triptych(x, y_hat, x))
    assert picture.shape == (9, 12 + 6 + 12 + 16, 3)
    assert (picture == 100).all(axis=2).sum() == 5 * 6
    assert (picture == 0).all(axis=2).sum() == 2 * 9 * 12
    assert triptych(x[:, :, :1], y_hat[:, :, :1], x[:, :, :1]).mode == "L"
