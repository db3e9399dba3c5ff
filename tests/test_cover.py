import numpy as np
import pytest

from jaxshrink import cover

SIZES = [(1, 1), (23, 24), (24, 24), (25, 700), (129, 130), (513, 514), (3000, 2001), (1, 5000)]


@pytest.mark.parametrize("overlap", [10, 20])
@pytest.mark.parametrize("size", SIZES)
def test_every_pixel_is_kept_once_and_far_from_inner_borders(size, overlap):
    times = np.zeros(size, int)
    shapes = set()
    for rows, columns in cover.cover(size, overlap):
        times[rows.first : rows.last, columns.first : columns.last] += 1
        shapes.add((rows.stop - rows.start, columns.stop - columns.start))
        for span, length in ((rows, size[0]), (columns, size[1])):
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
    assert len(shapes) <= len(cover.SIZES)


def test_no_window_is_larger_than_asked():
    rows, columns = next(cover.cover((3000, 2000), 20, largest=128))
    assert max(rows.stop - rows.start, columns.stop - columns.start) <= 128
