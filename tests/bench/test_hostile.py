"""What is not ours: programs, curves, caches, names, folders. One line, and all else goes on."""

import json
import os
import shlex
from pathlib import Path

import pytest

from jaxshrink.bench import programs, workers
from jaxshrink.bench.cache import PointCache
from jaxshrink.bench.curves import Curve, read_curve
from jaxshrink.bench.methods import external as external_module
from jaxshrink.bench.methods.checkpoint import open_pipeline
from jaxshrink.bench.methods.external import ExternalMethod
from jaxshrink.bench.points import Point
from jaxshrink.bench.report.page import _embedded
from jaxshrink.bench.report.plots import save_plot
from jaxshrink.bench.report.tables import bd_table, format_bd_table
from jaxshrink.bench.workers import Workers
from jaxshrink.cli.main import main
from jaxshrink.errors import CheckpointError, ConfigError, DataError, MethodError
from jaxshrink.runtime import compile_cache

POINT = {
    "quality": 5,
    "num_bytes": 100,
    "bpp": 0.5,
    "encoding_time": 0.1,
    "decoding_time": 0.1,
    "scores": {"psnr": float("inf"), "ms-ssim": None},
    "plain": None,
}


def external(script: str, timeout: float = 60.0) -> ExternalMethod:
    """A program of the shell: $1 is its input, $2 its output."""
    command = f"sh -c {shlex.quote(script)} sh {{input}} {{output}} {{quality}}"
    return ExternalMethod.parse(f"mine={command}", timeout)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ('mkdir "$2"', "its output is no file"),
        ('ln -s /dev/zero "$2"', "its output is no file"),
        ('mkfifo "$2"', "its output is no file"),
        ("true", "wrote 0 files"),
        ('touch "$2" "$2.more"', "wrote 2 files"),
        ('echo "not a picture" > "$2"', "cannot be read"),
        ('truncate -s 8G "$2"', "wrote more than"),
        ('while :; do cat "$1" >> "$2"; done', "wrote more than"),
        ("cat /dev/zero", "wrote more than"),
        ("printf 'bad \\033[31m news\\nand \\007 worse'; exit 3", r"exit code 3: and \x07 worse"),
        ("kill -9 $$", "exit code -9"),
    ],
)
def test_a_program_that_goes_wrong_is_a_failed_point(photograph, monkeypatch, script, message):
    monkeypatch.setattr(external_module, "_MORE_BYTES", 2**20)
    with pytest.raises(MethodError) as error:
        external(script).trip(photograph[:64, :64], 5)
    assert message in str(error.value) and str(error.value).isprintable()


def test_a_program_that_hangs_is_ended_with_all_that_it_started(photograph, tmp_path):
    script = f"sleep 600 & echo $! > {shlex.quote(str(tmp_path / 'number'))}; sleep 600"
    with pytest.raises(MethodError, match=r"more than 0\.5 seconds; --timeout"):
        external(script, 0.5).trip(photograph[:64, :64], 5)
    number = int((tmp_path / "number").read_text())
    while is_running(number):
        os.sched_yield()


def is_running(number: int) -> bool:
    """Whether there is such a process that is no zombie."""
    try:
        status = Path(f"/proc/{number}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")


def test_a_program_is_let_go_when_nobody_waits_for_it(photograph, monkeypatch):
    programs.stop()
    try:
        with pytest.raises(MethodError, match="was interrupted"):
            external("sleep 600").trip(photograph[:64, :64], 5)
    finally:
        programs._stopping.clear()


def test_what_cannot_be_started_is_a_failed_point(photograph, tmp_path):
    program = tmp_path / "program"
    program.write_text("echo no interpreter is named\n")
    program.chmod(0o700)
    method = ExternalMethod.parse(f"mine={program} {{input}} {{output}} {{quality}}")
    with pytest.raises(MethodError, match="cannot be started"):
        method.trip(photograph[:64, :64], 5)


@pytest.mark.parametrize("name", ["", "a/b", "x" * 1000])
def test_a_name_that_no_file_can_have_is_refused(name):
    with pytest.raises(ConfigError, match="expected 'NAME=COMMAND"):
        ExternalMethod.parse(f"{name}=true {{input}} {{output}} {{quality}}")


def curve(**results):
    return {"name": "c", "results": {"bpp": [0.1, 0.5], "psnr-rgb": [25, 30], **results}}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"results": []}',
        curve(bpp=[]),
        curve(bpp=["1", "2"]),
        curve(bpp=[0, 1]),
        curve(bpp=[-1, 1]),
        curve(bpp=[float("nan"), 1]),
        curve(bpp=[float("inf"), 1]),
        curve(bpp=[1, 10**400]),
        curve(**{"psnr-rgb": [{}, {}]}),
        curve(**{"psnr-rgb": ["<b>", "y"]}),
        curve(**{"psnr-rgb": [1, 10**400]}),
        curve(**{"psnr-rgb": [1, float("nan")]}),
        curve(**{"psnr-rgb": [True, False]}),
        curve(**{"psnr-rgb": [1]}),
        curve(**{"ms-ssim-rgb": [0.9, 1.5]}),
        curve() | {"name": "\ud800"},
        curve() | {"name": 5},
        curve() | {"description": []},
    ],
)
def test_a_curve_of_any_shape_is_refused_in_one_line(tmp_path, document):
    path = tmp_path / "curve.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    with pytest.raises(DataError, match=r"curve\.json: ") as error:
        read_curve(path)
    assert "\n" not in str(error.value)


def test_columns_of_others_may_hold_anything(tmp_path):
    path = tmp_path / "curve.json"
    path.write_text(json.dumps(curve(vmaf=["?", {}], quality=[5, None])))
    assert set(read_curve(path).values) == {"psnr", "quality"}


def test_a_name_is_no_formula_and_drives_no_terminal(tmp_path):
    path = tmp_path / "curve.json"
    path.write_text(json.dumps(curve() | {"name": "a$\\frac{$b\x1b[31m\u202e\n" + "x" * 1000}))
    read = read_curve(path)
    assert read.name.isprintable() and len(read.name) <= 200
    save_plot([read], "psnr", tmp_path / "plot", log_rate=False)
    assert "frac" in (tmp_path / "plot.svg").read_text()
    spoiled = Curve("a\x1b]0;b\nc", "", (0.1, 0.5), {"psnr": (25.0, 30.0)})
    table = format_bd_table({spoiled.name: bd_table([spoiled], spoiled, (0.1, 1.0))}, (0.1, 1.0))
    assert table.replace("\n", "").isprintable() and r"a\x1b]0;b\nc" in table


def test_no_text_of_the_report_turns_another():
    told = json.loads(_embedded({"a\u202e": ["</script>\x1b", 1.5, None, True]}))
    assert told == {r"a\u202e": [r"</script>\x1b", 1.5, None, True]}


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"5",
        b"{}",
        b'{"key": 5, "point": {}}',
        json.dumps({"key": "k", "point": {**POINT, "scores": 5}}).encode(),
        json.dumps({"key": "k", "point": {**POINT, "bpp": float("nan")}}).encode(),
        json.dumps({"key": "k", "point": {**POINT, "bpp": "0.5"}}).encode(),
        json.dumps({"key": "k", "point": {**POINT, "more": 1}}).encode(),
        json.dumps({"key": "k", "point": {**POINT, "plain": {"scale": 2}}}).encode(),
        json.dumps({"key": "k", "point": POINT}).encode()[:-20],
    ],
)
def test_a_damaged_line_of_the_cache_is_measured_anew(tmp_path, line):
    path = tmp_path / "points.jsonl"
    good = json.dumps({"key": "good", "point": POINT}).encode()
    path.write_bytes(good + b"\n" + line)
    cache = PointCache(path)
    assert cache.get("k") is None and cache.get("good") == Point(**POINT)
    cache.put("k", Point(**POINT))
    cache.close()
    again = PointCache(path)
    assert again.get("k") == again.get("good") == Point(**POINT)
    again.close()


def test_a_cache_that_is_no_file_is_told_before_the_measuring(tmp_path):
    (tmp_path / "points.jsonl").mkdir()
    with pytest.raises(DataError, match=r"cannot be read|is no file"):
        PointCache(tmp_path / "points.jsonl")


@pytest.mark.parametrize("spoil", [lambda d: d[:500], lambda d: b"[]", lambda d: with_address(d)])
def test_damaged_pictures_are_made_anew(bench_run, capsys, spoil):
    files = sorted((bench_run.folder / "out" / "cache" / "pictures").iterdir())
    before = [file.read_bytes() for file in files]
    files[0].write_bytes(spoil(before[0]))
    assert main(bench_run.arguments) == 0
    assert b"https://" not in (bench_run.folder / "out" / "report.html").read_bytes()
    assert json.loads(files[0].read_bytes()).keys() == json.loads(before[0]).keys()


def with_address(data: bytes) -> bytes:
    return json.dumps(json.loads(data) | {"jpeg": "https://example.org/a.jpeg"}).encode()


@pytest.mark.parametrize("name", ["report.html", "psnr.svg", "jpeg.json", "bd_rate.json"])
def test_what_cannot_be_written_is_told_before_the_measuring(
    bench_run, tmp_path, monkeypatch, capsys, name
):
    monkeypatch.setattr("jaxshrink.bench.run.sweep", lambda *_: pytest.fail("measured"))
    (tmp_path / name).mkdir()
    arguments = ["bench", str(bench_run.folder / "images"), "--methods", "jpeg"]
    assert main([*arguments, "-o", str(tmp_path)]) == 3
    assert f"{name}: cannot be written (it is a folder)" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main([*arguments, "-o", str(tmp_path / "file")]) == 3


@pytest.mark.parametrize(
    "config",
    [
        "{}",
        "[]",
        "5",
        '{"model": {"architecture": "zzz", "channels": 3, "com": {}, "rec": {}}}',
        '{"model": {"architecture": "paper", "channels": 3, "com": {}, "rec": {}}}',
        '{"model": {"architecture": "paper", "channels": 3, "com": {"features": 1e9}, "rec": {}}}',
    ],
)
def test_a_folder_with_an_odd_config_holds_no_model(tmp_path, config):
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(CheckpointError, match=r"config\.json: damaged"):
        open_pipeline(tmp_path)


def test_native_code_comes_from_the_users_cache_only(tmp_path, monkeypatch, bench_run):
    assert not (bench_run.folder / "out" / "cache" / "compiled").exists()
    assert {field.name for field in Workers.__dataclass_fields__.values()} == {"num_processes"}
    assert workers.keep_compiled is compile_cache.keep_compiled
