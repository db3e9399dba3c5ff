"""Whatever a document holds, it is refused in one line that says where it is wrong."""

import json
import os
import struct

import numpy as np
import pytest
from safetensors.numpy import save

from jaxshrink import documents
from jaxshrink.documents import (
    DocumentError,
    flag,
    integer,
    items,
    mapping,
    number,
    one_of,
    optional,
    parse_json,
    read_json,
    record,
    text,
)

SHAPE = record({"a": items(number(0.0, 9.0), 3)}, {"b": text(5), "c": optional(one_of(1, 2))})


def test_what_fits_comes_back_as_it_is():
    value = {"a": [1, 2.5], "b": "x", "c": None, "more": [{}]}
    assert parse_json(json.dumps(value), SHAPE) == value
    assert isinstance(parse_json('{"a": [1]}', SHAPE)["a"][0], int)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"\xff\xfe\n", "no JSON"),
        (b"\0" * 50, "no JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "too deep"),
        (b"1" * 5000, "no JSON"),
        (b"5", "it is 5, not an object"),
        (b"{}", "a is missing"),
        (b'{"a": {}}', "a is an object, not a list"),
        (b'{"a": [1, 1, 1, 1]}', "a is a list, not a list of at most 3"),
        (b'{"a": [NaN]}', r"a\[0\] is nan, not a finite number"),
        (b'{"a": [1, Infinity]}', r"a\[1\] is inf"),
        (b'{"a": [1' + b"0" * 400 + b"]}", "a number of many digits"),
        (b'{"a": [true]}', "not a number"),
        (b'{"a": ["1"]}', "not a number"),
        (b'{"a": [], "b": "\\ud800"}', "b is .*, not text"),
        (b'{"a": [], "b": "aaaaaa"}', "at most 5 characters"),
        (b'{"a": [], "c": true}', "c is True, not one of 1, 2"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(document, message):
    with pytest.raises(DocumentError, match=message) as error:
        parse_json(document, SHAPE)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_unknown_fields_and_names_are_refused_where_that_is_asked_for():
    with pytest.raises(DocumentError, match="x is unknown"):
        parse_json('{"x": 1}', record({}, others=False))
    with pytest.raises(DocumentError, match="a name in it is '3'"):
        parse_json('{"3": true}', mapping(flag, key=one_of("1", "2")))
    with pytest.raises(DocumentError, match="from 0 to 5"):
        parse_json("6", integer(0, 5))


def test_what_is_no_regular_file_or_too_large_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path):
        with pytest.raises(DocumentError, match=r"is no file|cannot be read"):
            read_json(place, SHAPE)
    (tmp_path / "large").write_bytes(b"0" * 11)
    with pytest.raises(DocumentError, match="11 bytes, more than 10"):
        documents.read_bytes(tmp_path / "large", 10)
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "none", SHAPE)


def test_damaged_lines_are_skipped(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b'{"a": [1]}\n\xff\n{}\n5\n\0\0\0\n{"a": [2]}\n{"a": [3')
    assert [value["a"] for _, value in documents.json_lines(path, SHAPE)] == [[1], [2]]


def test_weights_are_finite_arrays_that_numpy_knows(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(save({"x": np.ones(2, np.float32)}, {"name": "n"}))
    metadata, arrays = documents.read_weights(path)
    assert metadata == {"name": "n"} and arrays["x"].tolist() == [1.0, 1.0]
    header = json.dumps({"x": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}).encode()
    contents = {
        "not finite": save({"x": np.array([1.0, np.nan], np.float32)}),
        "no weights": path.read_bytes()[:-1],
        "no weights (": struct.pack("<Q", len(header)) + header + b"\0",
        "no weights ": b"",
    }
    for message, content in contents.items():
        path.write_bytes(content)
        with pytest.raises(DocumentError) as error:
            documents.read_weights(path)
        assert message in str(error.value)
    with pytest.raises(DocumentError, match="is no file"):
        documents.read_weights(tmp_path)
