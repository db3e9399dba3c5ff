"""Files that lie or are damaged: `expand` answers with a documented error, or with a picture."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jaxshrink.codecs import CODECS
from jaxshrink.compression.model import Model
from jaxshrink.errors import CheckpointError, DataError
from jaxshrink.files import markers

_MAX_PIXELS = 40_000


@pytest.fixture(scope="module")
def model(small_weights):
    return Model(small_weights)


@pytest.fixture(scope="module")
def file(model, photograph):
    return model.encode(photograph[:99, :130], 30, 2)


def relabelled(maker, photograph, **changes):
    """A compact image of 65 x 50 pixels with a marker of our choice."""
    file = maker.encode(photograph[:99, :130], 30, 2)
    marker = markers.find(file)
    start = file.index(b"\xff\xea")
    length = int.from_bytes(file[start + 2 : start + 4], "big")
    return markers.attach(
        file[:start] + file[start + 2 + length :], dataclasses.replace(marker, **changes)
    )


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"size": (131070, 131070)}, DataError, "in a file of 65x50"),
        ({"size": (97, 130)}, DataError, "in a file of 65x50"),
        ({"scale": 1}, DataError, "at scale 1 in a file of 65x50"),
        ({"model": "other"}, CheckpointError, "made by the model other"),
        ({"model_hash": b"abcd"}, CheckpointError, r"small \(61626364\)"),
    ],
)
def test_a_marker_that_lies_is_an_error(changes, error, message, model, photograph):
    with pytest.raises(error, match=message):
        model.reconstruct(relabelled(model, photograph, **changes))


def test_an_odd_size_may_be_either(model, photograph):
    for size in ((99, 130), (100, 129)):
        pixels = model.reconstruct(relabelled(model, photograph, size=size))
        assert pixels.shape[:2] == size


def test_the_limit_holds_for_the_photograph_not_the_compact_image(model, file):
    assert 65 * 50 < 12000 < 99 * 130
    with pytest.raises(DataError, match="130x99 is more than the limit of 12000 pixels"):
        model.reconstruct(file, max_pixels=12000)


def test_a_file_of_another_kind_must_tell_its_quality(model, photograph):
    y = photograph[:50, :65]
    told = markers.find(model.encode(photograph[:99, :130], 30, 2))
    marker = dataclasses.replace(told, quality=0)
    with pytest.raises(DataError, match="without a quality"):
        model.reconstruct(markers.attach(CODECS["webp"].encode(y, 50), marker))


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
    st.one_of(st.just(1.0), st.floats(0, 1)),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata
@pytest.mark.parametrize("any_way", [False, True])
def test_damaged_files_are_pictures_or_documented_errors(any_way, model, file, changes, share):
    data = bytearray(file)
    for position, value in changes:
        data[int(position**2 * (len(data) - 1))] = value
    damaged = bytes(data[: int(share * len(data))])
    try:
        if any_way:
            pixels = model.restore_as_own(damaged, 2, _MAX_PIXELS).pixels
        else:
            pixels = model.reconstruct(damaged, max_pixels=_MAX_PIXELS)
    except (DataError, CheckpointError) as error:
        assert "\n" not in str(error)
    else:
        assert pixels.dtype == np.uint8 and pixels.shape[0] * pixels.shape[1] <= _MAX_PIXELS
