"""The marker survives its file, its file survives it, and a parser that trusts nothing."""

import dataclasses
import io

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from jaxshrink.errors import DataError
from jaxshrink.files import markers
from jaxshrink.files.markers import MAX_SIDE, Marker

KINDS = ("JPEG", "WEBP", "AVIF")
MARKER = Marker((481, 322), 2, "photo", b"\x01\x02\x03\x04", 40)

_names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,31}", fullmatch=True)
_sides = st.integers(1, MAX_SIDE)
_markers = st.builds(
    Marker,
    size=st.tuples(_sides, _sides),
    scale=st.sampled_from((1, 2)),
    model=_names,
    model_hash=st.binary(min_size=4, max_size=4),
    quality=st.integers(0, 100),
)


def picture(kind):
    """A file of 161 x 241 pixels."""
    pixels = np.add.outer(np.arange(241), np.arange(161)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(file, kind)
    return file.getvalue()


PICTURES = {kind: picture(kind) for kind in KINDS}
MARKED = {kind: markers.attach(PICTURES[kind], MARKER) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_marker_comes_back_and_the_picture_stays(kind):
    plain, marked = PICTURES[kind], MARKED[kind]
    assert markers.kind(plain) == markers.kind(marked) == kind
    assert markers.find(plain) is None
    assert markers.find(marked) == MARKER
    assert len(marked) - len(plain) < 70
    with Image.open(io.BytesIO(plain)) as a, Image.open(io.BytesIO(marked)) as b:
        assert a.mode == b.mode
        np.testing.assert_array_equal(a, b)


@given(_markers, st.sampled_from(KINDS))
@settings(max_examples=100, deadline=None)
def test_every_marker_can_be_read_again(marker, kind):
    assert markers.find(markers.attach(PICTURES[kind], marker)) == marker


@given(st.binary(max_size=200))
@example(b"RIFF\0\0\0\0WEBP")
@example(b"\0\0\0\x01ftypavif\0\0\0\0\0\0\0\0")
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_a_marker_or_none_or_a_documented_error(data):
    starts = (b"", b"\xff\xd8\xff\xea\0\x20JXS\0", b"RIFF\0\0\0\0WEBPJXSM\x20\0\0\0JXS\0")
    for start in starts:
        try:
            marker = markers.find(start + data)
        except DataError:
            continue
        assert marker is None or markers.find(markers.attach(PICTURES["JPEG"], marker))


@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8),
    st.integers(0, 10**4),
)
@settings(max_examples=500, deadline=None)
def test_damaged_files_never_crash_the_parser(kind, changes, length):
    data = bytearray(MARKED[kind])
    for position, value in changes:
        # Counted from both ends: the marker lies at one of them.
        data[position - 200 if position >= 200 else position] = value
    try:
        marker = markers.find(bytes(data[:length]))
    except DataError as error:
        assert "marker" in str(error)
    else:
        assert marker is None or max(marker.size) <= MAX_SIDE


PAYLOAD = MARKER.to_bytes()


# What no marker may say, and what is said of it.
WRONG = [
    (PAYLOAD[:4] + b"\x02" + PAYLOAD[5:], "version 2"),
    (PAYLOAD[:5] + b"\x03" + PAYLOAD[6:], "scale 3"),
    (PAYLOAD[:6] + b"\x65" + PAYLOAD[7:], "quality 101"),
    (PAYLOAD[:7] + b"\xff\xff\x7f" + PAYLOAD[9:], "a size of 2097151x481"),
    (PAYLOAD[:7] + b"\x00" + PAYLOAD[9:], "a size of 0x481"),
    (PAYLOAD[:7] + b"\xff\xff\xff\x01" + PAYLOAD[9:], "broken off"),
    (PAYLOAD[:7] + b"\x81\x00" + PAYLOAD[9:], "broken off"),  # longer than need be
    (PAYLOAD[:9], "broken off"),
    (PAYLOAD[:4], "broken off"),
    (PAYLOAD[:-5], "name of a model"),
    (PAYLOAD + b"/../x", "name of a model"),
    (PAYLOAD + b"x" * 32, "name of a model"),
]


@pytest.mark.parametrize(("payload", "message"), WRONG)
def test_a_marker_that_cannot_be_right_is_an_error(payload, message):
    file = markers.add_segments(PICTURES["JPEG"], [(0xEA, payload)])
    with pytest.raises(DataError, match=message):
        markers.find(file)


def test_two_markers_are_an_error():
    twice = markers.attach(MARKED["JPEG"], dataclasses.replace(MARKER, scale=1))
    with pytest.raises(DataError, match="more than one"):
        markers.find(twice)


def test_somebody_elses_segment_is_none():
    assert markers.find(markers.add_segments(PICTURES["JPEG"], [(0xEA, b"JXL")])) is None


def test_what_cannot_be_read_is_not_written():
    for wrong in ({"scale": 3}, {"size": (0, 5)}, {"model": "Photo"}, {"model_hash": b"1"}):
        with pytest.raises(DataError):
            markers.attach(PICTURES["JPEG"], dataclasses.replace(MARKER, **wrong))


def test_only_files_of_three_kinds_are_marked():
    with pytest.raises(ValueError, match="no JPEG, WebP or AVIF"):
        markers.attach(b"GIF89a", MARKER)
