"""What a viewer shows of a file, and the JPEG that it is compared with."""

import numpy as np
import pytest

from jaxshrink.bench.curves import Curve, curve_of
from jaxshrink.bench.plain_view import PlainView, halved, measure_plain_view
from jaxshrink.bench.points import Point
from jaxshrink.bench.report.tables import format_plain_views
from jaxshrink.codecs import CODECS

JPEG = CODECS["jpeg-optimized"]


def test_halved_is_the_mean_of_four_pixels(photograph):
    x = photograph[:11, :7]
    half = halved(x)
    assert half.shape == (6, 4, 3)
    means = x[:10, :6].reshape(5, 2, 3, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(half[:5, :3], means, atol=0.51)
    assert halved(x[:, :, :1]).shape == (6, 4, 1)


@pytest.mark.parametrize("scale", [1, 2])
def test_a_jpeg_is_as_good_as_itself(scale, photograph):
    x = photograph[:331, :340]
    target = x if scale == 1 else halved(x)
    file = JPEG.encode(target, 60)
    view = measure_plain_view(x, JPEG.decode(file, 3), len(file))
    assert (view.scale, view.jpeg_quality) == (scale, 60)
    assert view.scores == view.jpeg_scores
    assert view.scores["ssimulacra2"] > 50 and 0.9 < view.scores["ms-ssim"] < 1
    assert view.colour_offset < 1


def test_a_wrong_colour_is_told_in_levels(photograph):
    x = np.clip(photograph[:64, :64], 20, 230)
    view = measure_plain_view(x, x + np.array([0, 3, 9], np.uint8), 10**5)
    assert view.colour_offset == pytest.approx(9.0)


def test_where_no_jpeg_is_so_small_there_is_none(photograph):
    view = measure_plain_view(photograph[:64, :64], photograph[:64, :64], 10)
    assert view.jpeg_scores is None and view.jpeg_quality is None


def view(scale: int, score: float, jpeg: float | None, offset: float) -> PlainView:
    scores, others = ({"ssimulacra2": s, "ms-ssim": 0.9} for s in (score, jpeg))
    return PlainView(scale, scores, None if jpeg is None else others, 50, offset)


class Method:
    name, description = "ours", ""


def curve(*views: PlainView) -> Curve:
    points = {str(i): Point(30, 100, 0.5, 0.1, 0.1, {"psnr": 30.0}, v) for i, v in enumerate(views)}
    return curve_of(Method(), {30: points}, len(views))


def test_a_curve_has_the_means_and_the_worst_colour():
    values = curve(view(2, 40.0, 50.0, 1.5), view(1, 60.0, 52.0, 0.5)).values
    assert values["plain-ssimulacra2"] == (50.0,)
    assert values["plain-jpeg-ssimulacra2"] == (51.0,)
    assert values["plain-half-size"] == (0.5,)
    assert values["plain-colour-offset"] == (1.5,)


def test_a_mean_that_lacks_an_image_is_none():
    assert curve(view(2, 40.0, None, 1.0)).values["plain-jpeg-ssimulacra2"] == (None,)


def test_the_table_tells_of_models_alone():
    text = format_plain_views([curve(view(2, 40.0, None, 1.25), view(1, 60.0, None, 0.5))])
    row = text.splitlines()[-1].split("|")
    assert [cell.strip() for cell in row] == [
        *("ours", "30", "0.500", "50 %", "50.0", "-", "0.9000", "-", "1.2"),
    ]
    assert format_plain_views([Curve("webp", "", (0.5,), {"psnr": (30.0,)})]) == ""


def test_a_point_with_a_plain_view_survives_json():
    point = Point(30, 100, 0.5, 0.1, 0.1, {"psnr": 30.0}, view(2, 40.0, 50.0, 1.5))
    assert Point.from_json(point.to_json()) == point
