"""The command line: flags, messages and exit codes.

Exit codes are those of `jaxshrink.errors`. Nothing heavy is imported before a command runs.
"""

import _thread
import argparse
import logging
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import NoReturn

from jaxshrink import __version__, console
from jaxshrink.cli import app, bench, compress, expand, export, info, verify
from jaxshrink.cli.batch import BatchError
from jaxshrink.errors import INTERRUPTED, DataError, JaxshrinkError, MissingExtraError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    console.prepare()
    if argv is None:
        sys.unraisablehook = _hear
    try:
        code = _run(argv)
    except SystemExit as end:  # of argparse
        raise SystemExit(console.finish(int(end.code or 0))) from None
    if argv is None:
        _end_undisturbed(code)
    return console.finish(code)


def _hear(dropped: "sys.UnraisableHookArgs") -> None:
    """Sends an interruption again that Python dropped because it was in a callback of its own."""
    if dropped.exc_type is KeyboardInterrupt:
        threading.Timer(0.01, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(dropped)


def _end_undisturbed(code: int) -> None:
    """The process ends now: what still happens to it changes nothing, and is not told."""
    if code == INTERRUPTED:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Where memory ended, what JAX does at exit ends in another MemoryError.
    sys.unraisablehook = lambda _: None


def _run(argv: Sequence[str] | None) -> int:
    handler = logging.StreamHandler()
    handler.setFormatter(console.EscapingFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    warnings.filterwarnings("ignore", module="PIL")  # of metadata that it cannot read
    arguments = _parser().parse_args(argv)
    verbose = getattr(arguments, "verbose", False)
    logging.getLogger("jaxshrink").setLevel(logging.DEBUG if verbose else logging.INFO)
    try:
        arguments.run(arguments)
    except BatchError as error:
        return _end(str(error), error.exit_code)
    except JaxshrinkError as error:
        return _end(console.escaped(str(error)), error.exit_code)
    except ModuleNotFoundError as error:  # JAX, say, in a distribution without it
        if (error.name or "jaxshrink").partition(".")[0] == "jaxshrink":
            raise
        message = f"{error.name} is needed here, and not installed: pip install jaxshrink"
        return _end(message, MissingExtraError.exit_code)
    except BrokenPipeError:  # whoever read the result has gone
        return DataError.exit_code
    except MemoryError:
        return _end("not enough memory", DataError.exit_code)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _end(console.escaped(f"{place}{error.strerror or error}"), DataError.exit_code)
    except KeyboardInterrupt as interruption:
        return _end(f"interrupted{interruption}; {arguments.on_interruption}", INTERRUPTED)
    return 0


def _end(message: str, code: int) -> int:
    console.say(f"error: {message}", to_stderr=True)
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # argparse's words for a value behind an option that has none, such as --strip=place.
        message = message.replace("ignored explicit argument", "--help says what it takes, not")
        super().error(console.escaped(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="jaxshrink", description="A learned gain in a JPEG.")
    parser.add_argument("-V", "--version", action="version", version=__version__)
    parser.set_defaults(on_interruption="the same command continues")
    commands: argparse._SubParsersAction[argparse.ArgumentParser] = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )  # type: ignore[assignment]
    compress.add_parser(commands)
    expand.add_parser(commands)
    info.add_parsers(commands)
    verify.add_parser(commands)
    bench.add_parser(commands)
    export.add_parser(commands)
    app.add_parser(commands)
    return parser
