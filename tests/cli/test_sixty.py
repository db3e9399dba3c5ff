"""A folder of sixty files: every one of them is accounted for, in words and in JSON."""

import collections
import io
import json
import os
import re

import pytest
from PIL import Image

from jaxshrink.cli.main import main
from jaxshrink.compression.model import Model
from jaxshrink.files.formats import is_read
from tests.cli.sixty import NUM_FILES, accounts, make_sixty

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names, links and FIFOs")

_WORDS = {
    "stored": "written",
    "kept": "kept as they were",
    "passed": "passed through",
    "left_out": "left out",
    "failed": "failed",
}


@pytest.fixture
def made(tmp_path, photograph, small_weights):
    compact = Model(small_weights).encode(photograph[:99, :130], 30, 2)
    made = make_sixty(tmp_path / "in", Image.fromarray(photograph[100:300, 100:300]), compact)
    assert len(made.paths) == NUM_FILES
    return made


def run(command, *arguments, model, capsys):
    """The exit code, and what was told: objects, where --json was asked for, else lines."""
    code = main([command, *map(str, arguments), "--model", str(model)])
    out = capsys.readouterr().out
    return code, [json.loads(line) for line in out.splitlines()] if "--json" in arguments else out


def test_each_of_sixty_is_accounted_for(made, model_file, tmp_path, capsys):
    small, big = tmp_path / "small", tmp_path / "big"
    options = {"model": model_file, "capsys": capsys}
    told = ("-r", "-e", 1, "-d", small, "--json", "-j", 2)
    code, records = run("compress", tmp_path / "in", *told, **options)
    assert code == 3
    by_input = check(records, made.paths)
    for path in made.left_out:
        assert by_input[path] == "left_out"
    failed = {path for path, status in by_input.items() if status == "failed"}
    assert failed == made.broken
    check_files(records, small)

    # What was stored is restored, and accounted for likewise.
    code, records = run("expand", small, "-r", "-d", big, "--json", **options)
    assert code == 0
    check(records, {path for path in small.rglob("*") if path.is_file()})
    check_files(records, big)


def check(records, paths):
    """Every file has one record, and the totals are their sum; returns status by input."""
    by_input = dict(accounts(records))
    assert len(by_input) == len(records) - 1 and set(by_input) == set(paths)
    totals = records[-1]["totals"]
    counts = collections.Counter(by_input.values())
    assert totals["files"] == len(paths) == counts.total()
    assert {status: totals[status] for status in counts} == dict(counts)
    sums = {
        key: sum(record.get(key, 0) for record in records[:-1])
        for key in ("bytes_before", "bytes_after")
    }
    assert {key: totals[key] for key in sums} == sums
    return by_input


def check_files(records, folder):
    """What is said to be written is there, a picture of so many bytes, and nothing else is."""
    outputs = [record for record in records if record.get("output")]
    there = {str(path) for path in folder.rglob("*") if path.is_file()}
    assert {record["output"] for record in outputs} == there and len(outputs) == len(there)
    for record in outputs:
        with open(record["output"], "rb") as file:
            data = file.read()
        assert len(data) == record["bytes_after"]
        with Image.open(io.BytesIO(data)) as image:
            assert min(image.size) >= 1


def test_words_account_for_sixty_too(made, model_file, tmp_path, capsys):
    arguments = ("compress", tmp_path / "in", "-r", "-e", 1, "-d", tmp_path / "out", "-v")
    code, told = run(*arguments, model=model_file, capsys=capsys)
    assert code == 3
    *lines, totals = told.splitlines()
    assert totals.startswith(f"{NUM_FILES} files: ")
    counts = {word: int(n) for n, word in re.findall(r"(\d+) ([a-z ]+)[,;]", totals)}
    assert sum(counts.get(word, 0) for word in _WORDS.values()) == NUM_FILES
    assert counts["failed"] == len(made.broken)
    assert len(lines) == NUM_FILES - len(made.broken)
    assert "IMG_1.NEF: left out (raw; develop it first)" in told
    assert r"caf\xe9.jpg -> " in told and r"two\nlines.jpg -> " in told
    # The second run does nothing but tell so.
    code, told = run(*arguments, "--skip-existing", model=model_file, capsys=capsys)
    assert " written" not in told.splitlines()[-1]


def test_heic_and_jpeg_xl_are_named_where_they_are_not_read(
    model_file, tmp_path, photograph, capsys
):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(photograph[:40, :50]).save(folder / "a.jpg")
    (folder / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (folder / "IMG_2.jxl").write_bytes(b"\xff\x0a\0")
    code, told = run(
        "compress", folder, "-d", tmp_path / "out", "-e", 1, model=model_file, capsys=capsys
    )
    for name, kind, extra in (("IMG_1.HEIC", "HEIC", "heic"), ("IMG_2.jxl", "JPEG XL", "jxl")):
        if is_read(kind):
            assert code == 3  # it is tried, and broken
        else:
            assert f"{name}: left out ({kind}; pip install 'jaxshrink[{extra}]' reads it)" in told
            assert f"1 {kind}" in told.splitlines()[-1]
