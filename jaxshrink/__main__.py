"""The command `jaxshrink`, which `python -m jaxshrink` is as well."""

import signal
import sys


def main() -> int:
    """Runs the command line of this process and returns its exit code."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        # While modules are imported, an interruption ends the process without a word.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from jaxshrink import errors
    from jaxshrink.cli import main as cli

    try:
        signal.signal(signal.SIGINT, before)
        return cli.main()
    except KeyboardInterrupt:  # before or after the command itself, which tells of its own
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return errors.INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
