"""Attacks the tool at random, and counts what comes of it.

    python -m benchmarks.attack [--cases 20000] [--commands 1000] [--seed 0] [-j 2] [--only CASE]

Most cases are damaged files, read in this process: photographs of every format, compact files,
weights, checkpoints, and the JSON of configs, caches and published curves. The others are whole
commands on such files, with standard streams that are closed, full or left by their reader, with
limits on memory, files and their size, and with signals at random moments. All of it happens in a
folder for temporary files, with device nodes of its own where the system lets it make them.

A case is a fault if

- an error is none of ours, has more than one line, or a command shows a traceback or ends with a
  code that `jaxshrink.errors` does not list (a signal that was sent may end it as well);
- it takes more than 30 seconds, or more than 3 GB of memory;
- a file outside of the output folder is changed.

Prints counts by outcome, then every fault with its number, which --only repeats. The exit code is 1
if there is one.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.damage import (
    damaged,
    good_compact_files,
    good_documents,
    good_photographs,
    odd_files,
)
from jaxshrink import errors
from jaxshrink.bench.cache import PointCache
from jaxshrink.bench.curves import read_curve
from jaxshrink.cli.info import _facts
from jaxshrink.compression.model import Model
from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.errors import JaxshrinkError
from jaxshrink.files import markers
from jaxshrink.files.photographs import PLACE, compact_file, read_photograph, stripped
from jaxshrink.models.weights import load_weights, save_weights
from jaxshrink.runs import workdir
from jaxshrink.runs.checkpoints import CheckpointStore
from tests.untrained import untrained_weights

MAX_SECONDS = 30.0
MAX_BYTES = 3 * 10**9
_MAX_PIXELS = 60_000
_CODES = errors.EXIT_CODES.keys() - {1}
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
# Checkpoints take orbax half a second each.
_RARE = 200


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a case: a word for it, and what was wrong, or ""."""

    word: str
    fault: str = ""


class Arsenal:
    """What is attacked with, made once.

    Args:
      folder: for files; every thread has its own below it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        weights = untrained_weights()
        self.model = Model(weights)
        x = read_image(packaged_photographs("astronaut.png")[0], 3, 10**6)[:99, :130]
        self.compact = good_compact_files(self.model, x)
        self.photographs = good_photographs(Image.fromarray(x), self.compact["2.jpeg"])
        self.odd = odd_files()
        self.documents = good_documents()
        self.weights = save_weights(weights)
        self.model_file = folder / "small.safetensors"
        self.model_file.write_bytes(self.weights)
        self.checkpoint = folder / "checkpoint"
        with contextlib.closing(CheckpointStore(self.checkpoint, 1)) as store:
            store.save(3, _STATE, {"note": "whole"})
        self.full = _full_device(folder / "full")

    @property
    def pictures(self) -> Mapping[str, bytes]:
        """All that a user may give to `compress` or `expand`."""
        return {**self.photographs, **self.odd, **self.compact}


_STATE = {"a": np.arange(6, dtype=np.float32), "b": np.zeros((2, 3), np.float32)}


def _full_device(path: Path) -> Path | None:
    """A node that is always full, or None where none can be made."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        with open(path, "wb", buffering=0) as node:
            node.write(b"x")
    except PermissionError:
        return None
    except OSError:
        return path
    return None


# ---- cases in this process


def _photograph(arsenal: Arsenal, rng: np.random.Generator) -> str:
    taken = read_photograph(_pick(arsenal.pictures, rng), max_pixels=_MAX_PIXELS)
    assert taken.pixels.shape[0] * taken.pixels.shape[1] <= _MAX_PIXELS
    left = stripped(taken, PLACE)
    file = arsenal.compact["1.jpeg"]
    compact_file(file, left.metadata, (taken.pixels.shape[0], taken.pixels.shape[1]), 1)
    return "read"


def _information(arsenal: Arsenal, rng: np.random.Generator) -> str:
    _facts(_pick(arsenal.pictures, rng))
    return "told"


def _marker(arsenal: Arsenal, rng: np.random.Generator) -> str:
    data = _pick(arsenal.compact, rng)
    marker = markers.find(data)
    return "marker" if marker else "no marker"


def _expansion(arsenal: Arsenal, rng: np.random.Generator) -> str:
    pixels = arsenal.model.expand(_pick(arsenal.compact, rng), max_pixels=_MAX_PIXELS)
    assert pixels.shape[0] * pixels.shape[1] <= _MAX_PIXELS
    return "expanded"


def _weights(arsenal: Arsenal, rng: np.random.Generator) -> str:
    path = arsenal.folder / "damaged.safetensors"
    path.write_bytes(damaged(arsenal.weights, rng))
    load_weights(str(path))
    return "loaded"


def _document(arsenal: Arsenal, rng: np.random.Generator) -> str:
    folder = arsenal.folder / "documents"
    folder.mkdir(exist_ok=True)
    name = str(rng.choice(list(arsenal.documents)))
    (folder / name).write_bytes(damaged(arsenal.documents[name], rng, arsenal.documents))
    read: dict[str, Callable[[], object]] = {
        "curve.json": lambda: read_curve(folder / name),
        "points.jsonl": lambda: PointCache(folder / name).close(),
        "config.json": lambda: workdir.read_config(folder),
    }
    read[name]()
    return "read"


def _checkpoint(arsenal: Arsenal, rng: np.random.Generator) -> str:
    folder = arsenal.folder / "damaged checkpoint"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(arsenal.checkpoint, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[int(rng.integers(len(files)))]
    path.write_bytes(damaged(path.read_bytes(), rng))
    with contextlib.closing(CheckpointStore(folder, 1)) as store:
        restored = store.restore(_STATE)
    assert restored is None or all(
        np.array_equal(restored[0][key], value) for key, value in _STATE.items()
    ), "a damaged checkpoint was taken for whole"
    return "restored"


_READERS = {
    "photograph": _photograph,
    "info": _information,
    "marker": _marker,
    "expansion": _expansion,
    "weights": _weights,
    "document": _document,
}


def _pick(files: Mapping[str, bytes], rng: np.random.Generator) -> bytes:
    return damaged(files[str(rng.choice(list(files)))], rng, files)


def attack_reader(arsenal: Arsenal, seed: int, case: int) -> tuple[str, Outcome]:
    """One damaged file, read in this process; what it was, and what came of it."""
    rng = np.random.default_rng((seed, case))
    kind = str(rng.choice(list(_READERS)))
    reader = _READERS[kind]
    if case % _RARE == 0:
        kind, reader = "checkpoint", _checkpoint
    start = time.perf_counter()
    try:
        outcome = Outcome(reader(arsenal, rng))
    except JaxshrinkError as error:
        outcome = Outcome(type(error).__name__, "several lines" if "\n" in str(error) else "")
    except Exception as error:
        outcome = Outcome("fault", "".join(traceback.format_exception(error)))
    if time.perf_counter() - start > MAX_SECONDS:
        outcome = Outcome("fault", f"{time.perf_counter() - start:.0f} s")
    return kind, outcome


# ---- whole commands


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What a command has to bear beside its files.

    Attributes:
      word: for the table.
      closed: descriptors that are closed as it starts.
      stdout: where its output goes, if anywhere special.
      limits: of `resource`.
      signals: (seconds, signal) to be sent.
    """

    word: str = "nothing"
    closed: tuple[int, ...] = ()
    stdout: str = "pipe"
    limits: Mapping[int, int] = dataclasses.field(default_factory=dict)
    signals: Sequence[tuple[float, signal.Signals]] = ()


def _trouble(arsenal: Arsenal, rng: np.random.Generator) -> Trouble:
    """One of many, or none."""
    moments = sorted(rng.exponential(1.0, 3))
    troubles = [
        Trouble(),
        Trouble("closed stream", closed=(int(rng.integers(3)),)),
        Trouble("closed streams", closed=(0, 1, 2)),
        Trouble("reader gone", stdout="gone"),
        Trouble("memory", limits={resource.RLIMIT_AS: int(rng.integers(2000, 4000)) * 10**6}),
        Trouble("file size", limits={resource.RLIMIT_FSIZE: int(rng.integers(0, 20_000))}),
        Trouble("open files", limits={resource.RLIMIT_NOFILE: int(rng.integers(10, 80))}),
        Trouble("signal", signals=[(moments[0], _SIGNALS[int(rng.integers(len(_SIGNALS)))])]),
        Trouble("three signals", signals=[(moment, signal.SIGINT) for moment in moments]),
    ]
    if arsenal.full is not None:
        troubles.append(Trouble("full stream", stdout="full"))
    return troubles[int(rng.integers(len(troubles)))]


def _command(arsenal: Arsenal, rng: np.random.Generator, folder: Path) -> list[str]:
    """Writes what a command reads into `folder`/in, and returns its arguments."""
    inputs = folder / "in"
    inputs.mkdir(parents=True)
    names = list(arsenal.pictures)
    for index in range(int(rng.integers(1, 4))):
        name = str(rng.choice(names))
        whole = arsenal.pictures[name]
        file = whole if rng.random() < 0.4 else damaged(whole, rng, arsenal.pictures)
        (inputs / f"{index}{Path(name).suffix or '.jpg'}").write_bytes(file)
    (inputs / "curve.json").write_bytes(damaged(arsenal.documents["curve.json"], rng))
    (inputs / "bad.safetensors").write_bytes(damaged(arsenal.weights, rng))
    first = str(next(path for path in sorted(inputs.iterdir()) if path.stem == "0"))
    small, out = ["--model", str(arsenal.model_file)], ["-d", str(folder / "out")]
    commands = {
        "info": (4, ["info", first, *_some(rng, ["--json"])]),
        "models": (1, ["models"]),
        "nonsense": (2, [str(word) for word in rng.choice(_WORDS, int(rng.integers(1, 5)))]),
        "compress": (3, ["compress", first, *out, *small, *_some(rng, *_COMPRESS)]),
        "compress a folder": (2, ["compress", "-r", str(inputs), *out, *small]),
        "compress a pipe": (1, ["compress", "-", "-o", "-", *small]),
        "expand": (3, ["expand", first, *out, *small, *_some(rng, *_EXPAND)]),
        "expand a folder": (2, ["expand", "-r", str(inputs), *out]),
        "a bad model": (1, ["compress", first, *out, "--model", str(inputs / "bad.safetensors")]),
        "bench": (1, _bench(inputs, folder)),
    }
    weights = np.array([weight for weight, _ in commands.values()], float)
    index = int(rng.choice(len(commands), p=weights / weights.sum()))
    return list(commands.values())[index][1]


_WORDS = (
    "compress",
    "expand",
    "info",
    "-o",
    "-d",
    "--scale",
    "x",
    "\x1b[31m",
    "-q",
    "101",
    "-",
    "",
)
_COMPRESS = (
    ["-q", "30"],
    ["--target-size", "900"],
    ["--target-ssimulacra2", "50"],
    ["-e", "1"],
    ["--strip"],
    ["--strip=gps"],
    ["--resize", "50%"],
    ["--codec", "webp"],
    ["--codec", "avif"],
    ["--json"],
    ["--recompress"],
    ["--max-pixels", "9000"],
)
_EXPAND = (["--format", "jpeg"], ["--strip"], ["--json"], ["--scale", "full"])


def _some(rng: np.random.Generator, *options: list[str]) -> list[str]:
    """Each of these options with a chance of a fifth."""
    return [word for option in options if rng.random() < 0.2 for word in option]


def _bench(inputs: Path, folder: Path) -> list[str]:
    images, output = str(inputs), str(folder / "out")
    compared = ["--compare", str(inputs / "curve.json")]
    return ["bench", images, "--methods", "jpeg", "-j", "1", "-o", output, *compared]


def attack_command(arsenal: Arsenal, seed: int, case: int) -> tuple[str, Outcome]:
    """One whole command; what it had to bear, and what came of it."""
    rng = np.random.default_rng((seed, 1, case))
    folder = Path(tempfile.mkdtemp(dir=arsenal.folder))
    trouble = _trouble(arsenal, rng)
    arguments = _command(arsenal, rng, folder)
    before = _digests(folder, arsenal)
    ended = _run(arsenal, arguments, trouble, folder)
    faults = [*_faults(ended, trouble)]
    after = _digests(folder, arsenal)
    if before != after:
        changed = sorted(str(path) for path, _ in before.items() ^ after.items())
        faults.append(f"changed: {', '.join(changed)}")
    shutil.rmtree(folder, ignore_errors=True)
    word = f"code {ended.code}" if ended.code >= 0 else f"ended by signal {-ended.code}"
    if not faults:
        return trouble.word, Outcome(word)
    told = f"{' '.join(arguments)!r} with {trouble}\n{ended.stderr[-3000:]}"
    return trouble.word, Outcome("fault", f"{'; '.join(faults)}: {told}")


@dataclasses.dataclass(frozen=True)
class _Ended:
    code: int
    seconds: float
    num_bytes: int
    stdout: str
    stderr: str


def _faults(ended: _Ended, trouble: Trouble) -> Iterator[str]:
    sent = {-number for _, number in trouble.signals}
    # Until our first line runs, an interruption is Python's to tell.
    interrupted = bool(sent) and "KeyboardInterrupt" in ended.stderr
    if not interrupted or "jaxshrink/cli/main.py" in ended.stderr:
        if ended.code not in _CODES and ended.code not in sent:
            yield f"code {ended.code}"
        if "Traceback" in ended.stderr or "unexpected error" in ended.stderr:
            yield "a traceback"
    if "\x1b" in ended.stderr + ended.stdout:
        yield "a control character"
    if ended.seconds > MAX_SECONDS + max((moment for moment, _ in trouble.signals), default=0):
        yield f"{ended.seconds:.0f} s"
    if ended.num_bytes > MAX_BYTES:
        yield f"{ended.num_bytes / 1e6:.0f} MB"


def _run(arsenal: Arsenal, arguments: Sequence[str], trouble: Trouble, folder: Path) -> _Ended:
    """Runs a command to its end, at most a minute."""
    own = {"XDG_CACHE_HOME": str(arsenal.folder / "user"), "PYTHONDONTWRITEBYTECODE": "1"}
    paths = {name: folder.parent / f"{folder.name}.{name}" for name in ("stdout", "stderr")}
    hardships = json.dumps([trouble.closed, [*trouble.limits.items()]])
    launcher = [sys.executable, "-c", _LAUNCHER, hardships]
    with (
        _stdout(arsenal, trouble, paths["stdout"]) as stdout,
        open(paths["stderr"], "wb") as stderr,
    ):
        start = time.perf_counter()
        process = subprocess.Popen(
            [*launcher, sys.executable, "-m", "jaxshrink", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, **own},
        )
        status, usage = _wait(process, trouble.signals, start)
    seconds = time.perf_counter() - start
    told = {
        name: path.read_text(errors="replace") if path.exists() else ""
        for name, path in paths.items()
    }
    for path in paths.values():
        path.unlink(missing_ok=True)
    code = os.waitstatus_to_exitcode(status)
    # A child's peak begins at what its parent held: below that nothing is known of it.
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    num_bytes = 1024 * usage.ru_maxrss if usage.ru_maxrss > ours else 0
    return _Ended(code, seconds, num_bytes, **told)


# Becomes a command with limits, and without some of its streams. (To do it between fork and exec
# would copy a process that has threads.)
_LAUNCHER = """
import json, os, resource, sys
closed, limits = json.loads(sys.argv[1])
for number, limit in limits:
    resource.setrlimit(number, (limit, limit))
for descriptor in closed:
    os.close(descriptor)
os.execv(sys.argv[2], sys.argv[2:])
"""


@contextlib.contextmanager
def _stdout(arsenal: Arsenal, trouble: Trouble, file: Path) -> Iterator[int]:
    if trouble.stdout == "gone":
        reader, descriptor = os.pipe()
        os.close(reader)
    elif trouble.stdout == "full" and arsenal.full is not None:
        descriptor = os.open(arsenal.full, os.O_WRONLY)
    else:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(
    process: subprocess.Popen, signals: Sequence[tuple[float, signal.Signals]], start: float
) -> tuple[int, resource.struct_rusage]:
    """Sends the signals in time, and kills what does not end."""
    left = list(signals)
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return status, usage
        passed = time.perf_counter() - start
        if left and passed >= left[0][0]:
            process.send_signal(left.pop(0)[1])
        elif passed > 2 * MAX_SECONDS:
            process.kill()
        time.sleep(0.005)


def _digests(folder: Path, arsenal: Arsenal) -> dict[Path, str]:
    """Of all that a command must leave as it is."""
    found = [*folder.rglob("*"), *arsenal.folder.glob("*")]
    out = folder / "out"
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if path.is_file()
        and path != out
        and out not in path.parents
        and not path.name.startswith("tmp")
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=20_000, help="all together")
    parser.add_argument("--commands", type=int, default=1_000, help="of them whole commands")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-j", type=int, default=2, help="commands at once")
    parser.add_argument("--only", type=int, help="this case, and none else")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as name:
        counts, faults = attack(
            Arsenal(Path(name)),
            options.cases,
            options.commands,
            options.seed,
            options.j,
            options.only,
        )
    for (what, word), number in sorted(counts.items()):
        print(f"{number:6d}  {what}: {word}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{sum(counts.values())} cases, {len(faults)} faults; this process took {peak:.0f} MB")
    for case, fault in faults:
        print(f"\ncase {case}: {fault}")
    return 1 if faults or peak * 2**20 > MAX_BYTES else 0


def attack(
    arsenal: Arsenal, num_cases: int, num_commands: int, seed: int, jobs: int, only: int | None
) -> tuple[collections.Counter[tuple[str, str]], list[tuple[int, str]]]:
    """Counts by (what was attacked, what came of it), and the faults with their cases.

    The first `num_commands` cases are whole commands.
    """
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    faults = []
    cases = range(num_cases) if only is None else [only]
    commands = [case for case in cases if case < num_commands]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        ends = zip(
            commands,
            pool.map(functools.partial(attack_command, arsenal, seed), commands),
            strict=True,
        )
        for case, (what, outcome) in ends:
            counts[f"command, {what}", outcome.word] += 1
            faults += [(case, outcome.fault)] if outcome.fault else []
    for case in (case for case in cases if case >= num_commands):
        what, outcome = attack_reader(arsenal, seed, case)
        counts[what, outcome.word] += 1
        faults += [(case, outcome.fault)] if outcome.fault else []
    return counts, faults


if __name__ == "__main__":
    sys.exit(main())
