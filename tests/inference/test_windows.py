import numpy as np
import pytest

from jaxshrink.inference import windows as cover

SIZES = [(1, 1), (23, 24), (24, 24), (25, 700), (129, 130), (513, 514), (3000, 2001), (1, 5000)]


@pytest.mark.parametrize(("overlap", "unit"), [(10, 1), (20, 1), (20, 8), (24, 8)])
@pytest.mark.parametrize("size", SIZES)
def test_every_pixel_is_kept_once_and_far_from_inner_borders(size, overlap, unit):
    size = tuple(unit * -(-side // unit) for side in size)
    times = np.zeros(size, int)
    shapes = set()
    for rows, columns in cover.cover(size, overlap, unit * cover.SIDES[-1], unit):
        times[rows.first : rows.last, columns.first : columns.last] += 1
        shapes.add((rows.stop - rows.start, columns.stop - columns.start))
        for span, length in ((rows, size[0]), (columns, size[1])):
            assert span.start % unit == span.stop % unit == 0
            assert 0 <= span.start <= span.first < span.last <= span.stop <= length
            assert span.start == 0 or span.first - span.start >= overlap // 2
            assert span.stop == length or span.stop - span.last >= overlap // 2
    assert (times == 1).all()
    assert len(shapes) == 1


def test_many_sizes_have_few_shapes():
    rng = np.random.default_rng(0)
    shapes = set()
    for size in rng.integers(24, 3000, (500, 2)).tolist():
        rows, columns = next(cover.cover(size, 20))
        shapes.add((rows.stop - rows.start, columns.stop - columns.start))
    assert len(shapes) <= 8 * len(cover.SIDES)


def test_no_window_is_larger_than_asked():
    rows, columns = next(cover.cover((3000, 2000), 20, largest=128))
    assert max(rows.stop - rows.start, columns.stop - columns.start) <= 128


@pytest.mark.parametrize(
    ("size", "most"), [((10, 12), 1), ((34, 50), 1.2), ((50, 34), 1.2), ((252, 190), 1.4)]
)
def test_little_is_computed_twice(size, most):
    windows = cover.cover(size, overlap=5)
    area = sum(
        (rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in windows
    )
    assert area <= most * size[0] * size[1]
