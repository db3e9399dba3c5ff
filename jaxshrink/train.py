"""Trains or evaluates: python -m jaxshrink.train --config=configs/paper.py [--mode=evaluate].

In the repository, `python launch.py` is the same. Installed, the package carries the configs: a
path that is not there, such as configs/paper.py, is looked for among those.
"""

import contextlib
import copy
import importlib
import importlib.util
import logging as std_logging
import os
import re
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from absl import app, flags, logging
from ml_collections import config_flags

from jaxshrink import console
from jaxshrink.errors import INTERRUPTED, ConfigError, DataError, JaxshrinkError

if TYPE_CHECKING:
    from jaxshrink.runs.schema import Config

_CONFIG = config_flags.DEFINE_config_file("config", None, "What to do.", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Where to do it; default: runs/CONFIG'S NAME.")
_MODE = flags.DEFINE_enum("mode", "train", ["train", "evaluate"], "What to do with the config.")
_DISTRIBUTED = flags.DEFINE_bool("distributed", False, "Train with the processes of a cluster.")
_COORDINATOR = flags.DEFINE_string("coordinator", None, "host:port of process 0.")
_NUM_PROCESSES = flags.DEFINE_integer("num_processes", None, "In the cluster.")
_VERBOSE = flags.DEFINE_bool("tracebacks", False, "Show those of the libraries' threads.")
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "Of this process.")


def main(argv: list[str]) -> None:
    # Our own messages; of the libraries', which share absl's logger, only the warnings.
    logging.set_verbosity(logging.WARNING)
    std_logging.getLogger("jaxshrink").setLevel(std_logging.INFO)
    handler = logging.get_absl_handler()
    if handler.formatter is not None:  # that puts the date and the place before a message
        handler.setFormatter(_Escaping(handler.formatter))
    threading.excepthook = _tell_thread
    try:
        if len(argv) > 1:
            raise ConfigError(f"unexpected argument {argv[1]!r}")
        join_cluster()
        run()
    except JaxshrinkError as error:
        end(error, error.exit_code)
    except OSError as error:  # a disk that is full, a folder that is not ours
        end(error, DataError.exit_code)
    except KeyboardInterrupt:  # outside of training, where nothing is lost
        end("interrupted", INTERRUPTED)


def join_cluster() -> None:
    """Connects to the other processes, if there are any."""
    if not _DISTRIBUTED.value:
        if (_COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value) != (None, None, None):
            raise ConfigError("--coordinator, --num_processes and --process_id need --distributed")
        return
    if _MODE.value == "evaluate":
        raise ConfigError("--mode=evaluate is for one process, without --distributed")
    import jax

    try:
        jax.distributed.initialize(_COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value)
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"no cluster to join: {error}") from error


def run() -> None:
    """Does what the flags say."""
    # Imported here so that --help and a bad flag are answered at once.
    from jaxshrink.evaluation.evaluate import evaluate
    from jaxshrink.runtime.compile_cache import keep_compiled
    from jaxshrink.training import devices
    from jaxshrink.training.loop import train

    config = _CONFIG.value
    check_folders(config, config_flags.get_override_values(flags.FLAGS["config"]))
    name = Path(config_flags.get_config_filename(flags.FLAGS["config"])).stem
    workdir = Path(_WORKDIR.value or f"runs/{name}")
    if not _DISTRIBUTED.value:
        devices.divide_cpu(config.batch_size)
    keep_compiled()
    if _MODE.value == "train":
        train(config, workdir)
    # A cluster leaves evaluation to one process of its own.
    after_training = config.evaluation.after_training and not _DISTRIBUTED.value
    if _MODE.value == "evaluate" or after_training:
        evaluate(config, workdir)


def check_folders(config: "Config", overrides: Mapping[str, Any]) -> None:
    """Checks that the photographs are those below data.root, and that they are there.

    Raises:
      ConfigError: if data.root was told, and a cohort does not follow it.
      DataError: if a folder below data.root is missing.
    """
    data, below = config.data, f"{config.data.root}/"
    evaluates = _MODE.value == "evaluate" or config.evaluation.after_training
    for cohort in ("train", "dev", "test") if evaluates else ("train", "dev"):
        if f"data.{cohort}" in overrides:
            continue
        places = [data[cohort]] if Path(data[cohort]).exists() else data[cohort].split(",")
        if "data.root" in overrides and not all(place.startswith(below) for place in places):
            raise ConfigError(
                f"data.{cohort} is {data[cohort]!r} and does not follow data.root: say"
                f" --config.data.train=, .dev= and .test= instead of --config.data.root="
            )
        for place in places:
            if place.startswith(below) and not Path(place).exists():
                raise DataError(
                    f"{place}: no such file or folder; this config expects"
                    f" {place.removeprefix(below)} below data.root, or --config.data.{cohort}="
                )


def parse_flags(argv: list[str]) -> list[str]:
    """Parses, and says in one line what is wrong with a flag, a config file or a field."""
    try:
        rest = flags.FLAGS(argv)
        _ = _CONFIG.value.seed  # a file that cannot be loaded raises only when it is used
        return rest
    except (AttributeError, KeyError) as error:
        end(f"no such field in the config: {_unknown_field(str(error))}", ConfigError.exit_code)
    except (flags.Error, TypeError, ValueError, OSError) as error:
        end(_without_traceback(str(error)), ConfigError.exit_code)


def _without_traceback(text: str) -> str:
    """An error's text; ml_collections puts the whole traceback of a config's own errors into it."""
    told, marker, rest = text.partition("Traceback ")
    return f"{told.strip()} {rest.strip().splitlines()[-1].strip()}" if marker else text


def _unknown_field(text: str) -> str:
    """The field that an error of ml_collections names, and the one that was meant.

    Its text is a KeyError's in another's: quoted and escaped, once or twice.
    """
    sought = re.search(r"looku?p: ([\w.]+)", text) or re.search(r"\w[\w.]*", text)
    meant = re.search(r'Did you mean "([\w.]+)"', text)
    name = text if sought is None else sought[sought.lastindex or 0]
    return f"{name}; did you mean {meant[1]}?" if meant else name


def end(message: object, code: int) -> NoReturn:
    """Ends the program with one line and an exit code of `jaxshrink.errors`."""
    console.say(f"error: {console.escaped(' '.join(str(message).split()))}", to_stderr=True)
    sys.exit(code)


class _Escaping(std_logging.Formatter):
    """Another's formatter, its text in one line."""

    def __init__(self, inner: std_logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: std_logging.LogRecord) -> str:
        if record.exc_info and not _VERBOSE.value:
            record = copy.copy(record)
            record.exc_info = record.exc_text = None
            record.msg, record.args = str(record.getMessage()).split("\n", 1)[0], None
        text = self._inner.format(record)
        return text if record.exc_info else console.escaped(text)


def _tell_thread(failed: threading.ExceptHookArgs) -> None:
    """A library's thread that ended; what was lost with it is told by whoever waits for it."""
    if _VERBOSE.value:
        threading.__excepthook__(failed)


def _end_at_once(code: object) -> NoReturn:
    """Ends without waiting for threads: orbax has some that wait for ever for a lost save."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 1)


def _carried_configs(argument: str) -> str:
    """A flag that names a config which is not there, but carried by the package, names that."""
    path = re.fullmatch(r"(--?config=)configs/(\w+\.py)(:.*)?", argument)
    if path is None or Path("configs", path[2]).exists():
        return argument
    carried = importlib.util.find_spec("jaxshrink.configs")
    if carried is None or not carried.submodule_search_locations:
        return argument
    folder = Path(carried.submodule_search_locations[0])
    # Configs import each other by the name that their folder has in the repository.
    sys.modules.setdefault("configs", importlib.import_module("jaxshrink.configs"))
    return f"{path[1]}{folder / path[2]}{path[3] or ''}"


def run_flags() -> None:
    """Does what the flags of this process say, and ends it."""
    flags.mark_flag_as_required("config")
    try:
        app.run(main, argv=[*map(_carried_configs, sys.argv)], flags_parser=parse_flags)
    except SystemExit as end_of_main:
        if end_of_main.code:
            _end_at_once(end_of_main.code)
        raise


if __name__ == "__main__":
    run_flags()
