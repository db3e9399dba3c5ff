"""The one place where a foreign document is read and checked.

A document is JSON in a file, in a line or in metadata, or a file of weights. Whatever it holds, a
function here returns what was asked for or raises DocumentError, whose text is one line and says
where in the document it is wrong. Its caller says what that means: another error of ours, a line
that is skipped, a picture that is made anew.

A shape is made of the functions of the second half, each `(value, where) -> value`; none changes
what it lets through:

    record({"name": text(200), "rates": items(number(0.0, 100.0))})
"""

import io
import json
import math
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

Shape = Callable[[Any, str], Any]

MAX_JSON = 2**28
MAX_WEIGHTS = 2**31
_MAX_ITEMS = 10**6
_SHOWN = 60  # characters of a value in a message


class DocumentError(Exception):
    """Says what is wrong with a document, and where in it."""


def read_bytes(path: Path, max_bytes: int = MAX_JSON) -> bytes:
    """A regular file, whole; a pipe in its place is refused, not waited for.

    Raises:
      FileNotFoundError: if there is none.
      DocumentError: if it is something else, larger, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise DocumentError("is no file")
            if status.st_size > max_bytes:
                raise DocumentError(f"has {status.st_size} bytes, more than {max_bytes}")
            return file.read(max_bytes)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DocumentError(f"cannot be read ({error.strerror})") from None
    except MemoryError:
        raise DocumentError("not enough memory to read it") from None


def read_json(path: Path, shape: Shape) -> Any:
    """The JSON in a file; errors as `read_bytes` and `parse_json`."""
    return parse_json(read_bytes(path), shape)


def parse_json(text: str | bytes, shape: Shape) -> Any:
    """JSON of a shape.

    Raises:
      DocumentError: if it is none, too deep, or of another shape.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise DocumentError("no JSON (it is too deep)") from None
    except MemoryError:
        raise DocumentError("not enough memory for it") from None
    except ValueError as error:  # of JSON, of the encoding, of an integer's length
        raise DocumentError(f"no JSON ({error})") from None
    return shape(value, "")


def json_lines(path: Path, shape: Shape) -> Iterator[tuple[bytes, Any]]:
    """Yields the lines of a file with their JSON, without those that are damaged.

    A run that was killed leaves half a line, a file system a block of zeros. Errors as
    `read_bytes`.
    """
    for line in read_bytes(path).splitlines(keepends=True):
        try:
            value = parse_json(line, shape)
        except DocumentError:
            continue
        yield line, value


def read_weights(path: Path) -> "tuple[dict[str, str], dict[str, np.ndarray]]":
    """The metadata and the arrays, all of them finite, of a safetensors file.

    Raises:
      FileNotFoundError: if there is none.
      DocumentError: if it is none, larger than `MAX_WEIGHTS`, or holds a NaN or an infinity.
    """
    from safetensors import SafetensorError, safe_open

    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("is no file")
    if status.st_size > MAX_WEIGHTS:
        raise DocumentError(f"has {status.st_size} bytes, more than {MAX_WEIGHTS}")
    try:
        with safe_open(path, "numpy") as file:
            metadata = dict(file.metadata() or {})
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except MemoryError:
        raise DocumentError("not enough memory to read it") from None
    # Types that NumPy lacks are TypeErrors or AttributeErrors.
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise DocumentError(f"no weights ({error})") from None
    _check_finite(arrays)
    return metadata, arrays


def read_arrays(path: Path) -> "dict[str, np.ndarray]":
    """The arrays of a .npz file, without pickles, or else of a safetensors file.

    Errors as `read_weights`.
    """
    import numpy as np

    if path.suffix != ".npz":
        return read_weights(path)[1]
    content = io.BytesIO(read_bytes(path, MAX_WEIGHTS))
    try:
        with zipfile.ZipFile(content) as archive:
            num_bytes = sum(member.file_size for member in archive.infolist())
        if num_bytes > MAX_WEIGHTS:
            raise DocumentError(f"unpacks to {num_bytes} bytes, more than {MAX_WEIGHTS}")
        with np.load(content, allow_pickle=False) as file:
            arrays = dict(file)
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise DocumentError("no arrays (a member is something else)")
    except MemoryError:
        raise DocumentError("not enough memory to read it") from None
    # Of zip, of zlib, of NumPy's header, of an array of objects.
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, KeyError) as error:
        raise DocumentError(f"no arrays ({error})") from None
    _check_finite(arrays)
    return arrays


def _check_finite(arrays: "Mapping[str, np.ndarray]") -> None:
    import numpy as np

    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DocumentError(f"{name} holds numbers that are not finite")


def anything(value: Any, where: str) -> Any:
    """Whatever it is."""
    return value


def text(max_length: int = 10**5) -> Shape:
    """Text without halves of characters, which cannot be written."""

    def check(value: Any, where: str) -> str:
        _expect(isinstance(value, str), value, where, "text")
        _expect(len(value) <= max_length, value, where, f"text of at most {max_length} characters")
        _expect(not any("\ud800" <= c <= "\udfff" for c in value), value, where, "text")
        return value

    return check


def number(lowest: float = -math.inf, highest: float = math.inf) -> Shape:
    """A finite number within bounds."""

    def check(value: Any, where: str) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        _expect(is_number, value, where, "a number")
        try:
            converted = float(value)
        except OverflowError:
            converted = math.inf
        fits = math.isfinite(converted) and lowest <= converted <= highest
        _expect(fits, value, where, _bounds("a finite number", lowest, highest))
        return value

    return check


def integer(lowest: int, highest: int) -> Shape:
    """A whole number within bounds."""

    def check(value: Any, where: str) -> int:
        fits = isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest
        _expect(fits, value, where, _bounds("a whole number", lowest, highest))
        return value

    return check


def flag(value: Any, where: str) -> bool:
    """True or false."""
    _expect(isinstance(value, bool), value, where, "true or false")
    return value


def one_of(*choices: Any) -> Shape:
    """One of some values, and of its type: 1 is not True."""

    def check(value: Any, where: str) -> Any:
        fits = any(type(value) is type(c) and value == c for c in choices)
        _expect(fits, value, where, f"one of {', '.join(map(repr, choices))}")
        return value

    return check


def optional(shape: Shape) -> Shape:
    """Null, or of a shape."""
    return lambda value, where: None if value is None else shape(value, where)


def items(shape: Shape, max_length: int = _MAX_ITEMS) -> Shape:
    """A list, every item of one shape."""

    def check(value: Any, where: str) -> list[Any]:
        _expect(isinstance(value, list), value, where, "a list")
        _expect(len(value) <= max_length, value, where, f"a list of at most {max_length}")
        return [shape(item, f"{where}[{index}]") for index, item in enumerate(value)]

    return check


def mapping(shape: Shape, key: Shape | None = None) -> Shape:
    """An object with names of any kind, or of the shape `key`, and every value of one shape."""
    name_shape = key or text()

    def check(value: Any, where: str) -> dict[str, Any]:
        _expect(isinstance(value, dict), value, where, "an object")
        for name in value:
            name_shape(name, f"a name in {where}" if where else "a name in it")
        return {name: shape(item, _inside(where, name)) for name, item in value.items()}

    return check


def record(
    fields: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None, *, others: bool = True
) -> Shape:
    """An object with some fields.

    Args:
      fields: those that it must have.
      optional: those that may be missing.
      others: whether it may have further ones, which are kept as they are.
    """
    known = {**(optional or {}), **fields}

    def check(value: Any, where: str) -> dict[str, Any]:
        _expect(isinstance(value, dict), value, where, "an object")
        for name in fields:
            if name not in value:
                raise DocumentError(f"{_inside(where, name)} is missing")
        for name in value:
            if not others and name not in known:
                raise DocumentError(f"{_inside(where, name)[:_SHOWN]} is unknown")
        return {
            name: known.get(name, anything)(item, _inside(where, name))
            for name, item in value.items()
        }

    return check


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _bounds(kind: str, lowest: float, highest: float) -> str:
    if math.isinf(lowest) and math.isinf(highest):
        return kind
    return f"{kind} from {lowest} to {highest}"


def _expect(fits: bool, value: Any, where: str, expected: str) -> None:
    if not fits:
        place = f"{where[:200]} is" if where else "it is"
        raise DocumentError(f"{place} {_shown(value)}, not {expected}")


def _shown(value: Any) -> str:
    """A value in a message: lists and objects can be large or deep, numbers long."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= 10**_SHOWN:
        return "a number of many digits"
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
