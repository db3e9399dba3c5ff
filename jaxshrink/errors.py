"""Errors that end a command with one clear line and an exit code of their own."""

INTERRUPTED = 130

# What every exit code means; docs/exit_codes.md has the same table.
EXIT_CODES = {
    0: "success",
    1: "unexpected error, please report it",
    2: "the command line or the config is wrong",
    3: "an image or a folder is missing, broken, too large, or cannot be written;"
    " memory does not suffice",
    4: "a model, a checkpoint or a working directory is missing, damaged, or is another"
    " one than the config or the marker says",
    5: "a loss became NaN or infinite",
    6: "training ended below the MS-SSIM that the config asks for",
    7: "an optional package is missing; the message names the extra",
    8: "`bench`: a codec or a command failed on some images; everything else was done",
    9: "`compress`: no file is as small, or as close, as was asked for",
    75: "interrupted while training; the state was saved, the same command continues",
    130: "interrupted elsewhere; nothing was lost",
}


class JaxshrinkError(Exception):
    """Base of all errors whose message is written for the user."""

    exit_code = 1


class ConfigError(JaxshrinkError):
    exit_code = 2


class DataError(JaxshrinkError):
    exit_code = 3


class CheckpointError(JaxshrinkError):
    exit_code = 4


class DivergenceError(JaxshrinkError):
    exit_code = 5


class GoalNotReachedError(JaxshrinkError):
    exit_code = 6


class MissingExtraError(JaxshrinkError):
    exit_code = 7


class MethodError(JaxshrinkError):
    exit_code = 8


class TargetError(JaxshrinkError):
    exit_code = 9


class InterruptedRunError(JaxshrinkError):
    exit_code = 75
