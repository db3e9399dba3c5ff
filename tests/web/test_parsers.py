"""Files and sizes of every kind mean the same in JavaScript as in Python."""

import dataclasses
import json
import random
from typing import Any

import numpy as np
import pytest

from jaxshrink.codecs import read_tables
from jaxshrink.errors import DataError
from jaxshrink.files import markers
from jaxshrink.files.metadata import Metadata
from jaxshrink.files.reading import read_orientation
from jaxshrink.files.writing import add_metadata
from jaxshrink.inference import windows
from tests.files import making
from tests.files.test_markers import MARKED, MARKER, PAYLOAD, PICTURES, WRONG
from tests.web.conftest import WEB, PageError, encoded, run

NUM_MUTATED = 2000


def ask(**question: Any) -> Any:
    question["src"] = (WEB / "src").as_uri()
    probe = WEB.parent / "tests" / "web" / "probe.mjs"
    return json.loads(run("node", probe, input=json.dumps(question).encode()).stdout)


def verdict(file: bytes) -> Any:
    """Python's of a file's marker, as JavaScript puts it."""
    try:
        marker = markers.find(file)
    except DataError as error:
        return f"DamagedFileError: {error}"
    if marker is None:
        return None
    height, width = marker.size
    told = {"scale": marker.scale, "quality": marker.quality, "model": marker.model}
    return {"width": width, "height": height, **told, "hash": marker.model_hash.hex()}


def corpus() -> list[bytes]:
    """The marker's files, whole and broken, and some that are not pictures."""
    jpeg = PICTURES["JPEG"]
    payloads = [payload for payload, _ in WRONG] + [PAYLOAD, b"JXL", b"", b"JXS"]
    files = [*PICTURES.values(), *MARKED.values(), b"", b"\xff\xd8", b"GIF89a", b"\xff" * 50]
    files += [markers.add_segments(jpeg, [(0xEA, payload)]) for payload in payloads]
    files.append(markers.attach(MARKED["JPEG"], dataclasses.replace(MARKER, scale=1)))
    files += [file[:end] for file in MARKED.values() for end in (*range(80), *range(-60, 0))]
    return files


def whole_files() -> list[bytes]:
    metadata = Metadata(exif=making.exif(orientation=6), icc=b"profile", xmp=b"<x:xmpmeta/>")
    size = MARKER.compact_size
    return [*MARKED.values(), MARKED["JPEG"], add_metadata(MARKED["JPEG"], metadata, size)]


def mutated(generator: random.Random, files: list[bytes]) -> bytes:
    """One of the files, with up to eight changes: most of them where a marker may lie."""
    data = bytearray(generator.choice(files))
    for _ in range(generator.randint(1, 8)):
        at = generator.randrange(min(len(data), generator.choice((60, 400, 10**6))))
        at = generator.choice((at, at, len(data) - 1 - at))
        change = generator.randrange(6)
        if change <= 2:
            data[at] = generator.choice((0, 1, 2, 0x7F, 0x80, 0xFF, generator.randrange(256)))
        elif change == 3:
            data[at:at] = generator.randbytes(generator.randint(1, 5))
        elif change == 4:
            del data[at : at + generator.randint(1, 5)]
        else:
            data[at:at] = data[at : at + 40]
    return bytes(
        data[: generator.choice((len(data), len(data), generator.randrange(len(data)))) or 1]
    )


def some_mutated(number: int, seed: int) -> list[bytes]:
    generator = random.Random(seed)
    files = whole_files()
    return [mutated(generator, files) for _ in range(number)]


def test_markers_are_read_alike(web):
    files = corpus() + some_mutated(NUM_MUTATED, 1)
    expected = [verdict(file) for file in files]
    answers = ask(files=[encoded(file) for file in files])["files"]
    assert [answer["marker"] for answer in answers] == expected
    kinds = [type(one) for one in expected]
    assert min(kinds.count(kind) for kind in (str, dict, type(None))) > 100
    tables = [answer["tables"] for answer in answers]
    assert all(type(one) is list or one.startswith("DamagedFileError: ") for one in tables)


def test_tables_orientations_and_places_are_read_alike(web):
    files = [file for file in whole_files() if markers.kind(file) == "JPEG"]
    for orientation in range(10):
        for order in "<>":
            exif = making.exif(orientation=orientation, order=order)
            files.append(add_metadata(MARKED["JPEG"], Metadata(exif=exif), MARKER.compact_size))
    packet = b'<x:xmpmeta><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    files.append(add_metadata(MARKED["JPEG"], Metadata(xmp=packet), MARKER.compact_size))
    for file, answer in zip(
        files, ask(files=[encoded(file) for file in files])["files"], strict=True
    ):
        np.testing.assert_array_equal(np.reshape(answer["tables"], (2, 8, 8)), read_tables(file))
        assert answer["orientation"] == read_orientation(file)
        assert (answer["placed"]["height"], answer["placed"]["width"]) == MARKER.size


@pytest.mark.parametrize(("largest", "longest"), [(1024, 300), (544, 300), (100, 40)])
def test_windows_lie_where_pythons_do(web, largest, longest):
    generator = random.Random(2)
    sizes = [[16 * generator.randint(3, longest) for _ in range(2)] for _ in range(100)]
    limits = {"overlap": 80, "largest": largest, "unit": 16, "sides": windows.SIDES}
    answers = ask(sizes=sizes, limits=limits)["windows"]
    for size, answer in zip(sizes, answers, strict=True):
        found = windows.cover(tuple(size), 80, largest, 16)
        assert answer == [
            [list(dataclasses.astuple(rows)), list(dataclasses.astuple(columns))]
            for rows, columns in found
        ]


def test_damaged_files_are_told_of_in_the_browser(page, maker):
    """What the marker says of the file decides; else it is decoded, or not."""
    pixels = np.full((80, 96, 3), 100, np.uint8)
    generator = random.Random(3)
    names = []
    for _ in range(60):
        file = mutated(generator, [maker.compact(pixels, 2, 50)])
        try:
            page.expand(file)
            name = None
        except PageError as error:
            name = error.name
        names.append(name)
        expected = verdict(file)
        if expected is None:
            assert name == "NoMarkerError"
        elif isinstance(expected, str):
            assert name == "DamagedFileError"
        elif (expected["model"], expected["hash"]) != (maker.name, maker.digest.hex()):
            assert name in ("UnknownModelError", "DamagedFileError", "TooLargeError")
        else:
            assert name in (None, "DamagedFileError", "TooLargeError")
    assert {None, "NoMarkerError", "DamagedFileError"} <= set(names)
