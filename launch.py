"""Trains or evaluates: python launch.py --config=configs/paper.py [--mode=evaluate]."""

import logging as std_logging
import sys
from pathlib import Path

from absl import app, flags, logging
from ml_collections import config_flags

from jaxshrink.errors import JaxshrinkError

_CONFIG = config_flags.DEFINE_config_file("config", None, "What to do.", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Where to do it; default: runs/CONFIG'S NAME.")
_MODE = flags.DEFINE_enum("mode", "train", ["train", "evaluate"], "What to do with the config.")
_DISTRIBUTED = flags.DEFINE_bool("distributed", False, "Join the processes of a cluster.")
_COORDINATOR = flags.DEFINE_string("coordinator", None, "host:port of process 0.")
_NUM_PROCESSES = flags.DEFINE_integer("num_processes", None, "In the cluster.")
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "Of this process.")


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument {argv[1]!r}")
    # Our own messages; of the libraries', which share absl's logger, only the warnings.
    logging.set_verbosity(logging.WARNING)
    std_logging.getLogger("jaxshrink").setLevel(std_logging.INFO)
    if _DISTRIBUTED.value:
        import jax

        jax.distributed.initialize(_COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value)
    # Imported here so that --help and a bad flag are answered at once.
    from jaxshrink.evaluation.run import evaluate
    from jaxshrink.training.loop import train

    config = _CONFIG.value
    name = Path(config_flags.get_config_filename(flags.FLAGS["config"])).stem
    workdir = Path(_WORKDIR.value or f"runs/{name}")
    try:
        if _MODE.value == "train":
            train(config, workdir)
        # On a cluster, evaluation is left to a process of its own.
        after_training = config.evaluation.after_training and not _DISTRIBUTED.value
        if _MODE.value == "evaluate" or after_training:
            evaluate(config, workdir)
    except JaxshrinkError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def parse_flags(argv: list[str]) -> list[str]:
    """Parses, and says in one line what is wrong with a flag, a config file or a field."""
    try:
        rest = flags.FLAGS(argv)
        _ = _CONFIG.value.seed  # a file that cannot be loaded raises only when it is used
        return rest
    except (AttributeError, KeyError) as error:
        # A KeyError's text in another's: quoted and escaped twice.
        text = str(error).replace("\\n", " ").replace("\\", "").strip("\"'")
        message = f"no such field in the config: {text}"
    except (flags.Error, TypeError, ValueError, OSError) as error:
        message = str(error)
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    flags.mark_flag_as_required("config")
    app.run(main, flags_parser=parse_flags)
