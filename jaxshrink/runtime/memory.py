"""What the process does with memory that was freed."""

import ctypes
import sys

# Of glibc's mallopt, in <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_WINDOW = 2**28  # bytes; what the networks work with on one is less


def keep_freed_memory() -> None:
    """Keeps what a window needed for the next one, where the C library is glibc.

    Otherwise it gives blocks of 32 MB and more back to the system, which clears them again, page by
    page, for the next window: a quarter of the networks' time. In one arena, because the blocks of
    others can have no more than 64 MB. Call it before threads begin.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, _LARGEST_WINDOW)
        mallopt(_TRIM_THRESHOLD, _LARGEST_WINDOW)
