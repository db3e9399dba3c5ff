"""AVIF's boxes: EXIF, XMP and a colour profile go into a file that our codec wrote."""

import dataclasses
from collections.abc import Iterator, Sequence

from jaxshrink.errors import DataError

_META_HEADER = 12  # a box's, and four bytes of version and flags
_PRIMARY_LENGTH = 2


@dataclasses.dataclass(frozen=True)
class Box:
    """One of them: its type, where it begins, where its contents do, where it ends."""

    kind: bytes
    start: int
    inside: int
    end: int


@dataclasses.dataclass(frozen=True)
class Item:
    """Something beside the picture: b"Exif", or a MIME type.

    Attributes:
      kind: of four letters.
      content: the MIME type, where `kind` is b"mime".
      payload: what it holds.
    """

    kind: bytes
    content: bytes
    payload: bytes


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes of a stretch of a file, those that lie inside of it."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        length, inside = _number(data, start, 4), start + 8
        if length == 1:
            length, inside = _number(data, start + 8, 8), start + 16
        stop = end if length == 0 else start + length
        if stop > end or stop < inside:
            return
        yield Box(data[start + 4 : start + 8], start, inside, stop)
        start = stop


def find(data: bytes, *path: bytes) -> Box | None:
    """The first box at the end of a path of types, which begins in `meta`."""
    box = next((box for box in boxes(data) if box.kind == b"meta"), None)
    inside = None if box is None else box.inside + 4
    for kind in path:
        if box is None or inside is None:
            return None
        box = next((found for found in boxes(data, inside, box.end) if found.kind == kind), None)
        inside = None if box is None else box.inside
    return box


def color_codes(data: bytes) -> tuple[int, int] | None:
    """(primaries, transfer) as H.273 numbers them, of the first picture that tells; or None."""
    properties = find(data, b"iprp", b"ipco")
    if properties is None:
        return None
    for box in boxes(data, properties.inside, properties.end):
        if box.kind == b"colr" and data[box.inside : box.inside + 4] == b"nclx":
            return _number(data, box.inside + 4, 2), _number(data, box.inside + 6, 2)
    return None


def bits_per_channel(data: bytes) -> int:
    """The most that a picture of the file has; 8 if it does not tell."""
    properties = find(data, b"iprp", b"ipco")
    if properties is None:
        return 8
    found = [8]
    for box in boxes(data, properties.inside, properties.end):
        if box.kind == b"pixi":
            found += data[box.inside + 5 : box.end]
    return max(found)


def with_metadata(data: bytes, items: Sequence[Item], icc: bytes) -> bytes:
    """Puts things beside a picture that has none of them.

    Args:
      data: a file that our codec wrote: one picture, its bytes behind all that describes it.
      items: what to put there.
      icc: a colour profile, or b"".

    Raises:
      ValueError: if the file is of another build.
    """
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    if meta is None or meta.inside != meta.start + 8:
        raise ValueError("AVIF without a meta box")
    parts = {box.kind: data[box.start : box.end] for box in boxes(data, meta.inside + 4, meta.end)}
    if any(kind not in parts for kind in (b"pitm", b"iinf", b"iloc", b"iprp")):
        raise ValueError("AVIF of a build that is not ours")
    primary = _number(parts[b"pitm"], _META_HEADER, _PRIMARY_LENGTH)
    first = 1 + max(_item_numbers(parts[b"iinf"]))
    numbers = range(first, first + len(items))
    parts[b"iinf"] = _with_infos(parts[b"iinf"], items, numbers)
    parts[b"iref"] = _with_references(parts.get(b"iref"), numbers, primary)
    if icc:
        parts[b"iprp"] = _with_profile(parts[b"iprp"], icc, primary)
    if not parts[b"iref"]:
        del parts[b"iref"]
    # The places are known when all lengths are; `iloc` grows by the same whatever they are.
    places = parts[b"iloc"]
    parts[b"iloc"] = _with_places(places, 0, [(n, 0, 0) for n in numbers])
    payloads = b"".join(item.payload for item in items)
    behind = _box(b"mdat", payloads) if items else b""
    end = meta.start + sum(map(len, parts.values())) + _META_HEADER
    at, told = end + 8, []
    for number, item in zip(numbers, items, strict=True):
        told.append((number, at, len(item.payload)))
        at += len(item.payload)
    parts[b"iloc"] = _with_places(places, end + len(behind) - meta.end, told)
    head = data[meta.inside : meta.inside + 4]
    whole = _box(b"meta", head + b"".join(parts.values()))
    return data[: meta.start] + whole + behind + data[meta.end :]


def _number(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "big")


def _box(kind: bytes, inside: bytes) -> bytes:
    return (len(inside) + 8).to_bytes(4, "big") + kind + inside


def _item_numbers(iinf: bytes) -> list[int]:
    """Those of the items that are there; version 2 of their descriptions has them in 2 bytes."""
    if iinf[8]:
        raise ValueError("AVIF with an iinf box of another version")
    return [_number(iinf, box.inside + 4, 2) for box in boxes(iinf, 14)]


def _with_infos(iinf: bytes, items: Sequence[Item], numbers: Sequence[int]) -> bytes:
    count = _number(iinf, 12, 2) + len(items)
    added = b""
    for number, item in zip(numbers, items, strict=True):
        content = item.content + b"\0" if item.kind == b"mime" else b""
        head = b"\x02\0\0\0" + number.to_bytes(2, "big") + bytes(2) + item.kind
        added += _box(b"infe", head + b"\0" + content)
    return _box(b"iinf", iinf[8:12] + count.to_bytes(2, "big") + iinf[14:] + added)


def _with_references(iref: bytes | None, numbers: Sequence[int], primary: int) -> bytes:
    """Says of every item that it describes the picture."""
    if not numbers:
        return iref or b""
    if iref is not None and iref[8]:
        raise ValueError("AVIF with an iref box of another version")
    inside = bytes(4) if iref is None else iref[8:]
    for number in numbers:
        inside += _box(b"cdsc", b"".join(n.to_bytes(2, "big") for n in (number, 1, primary)))
    return _box(b"iref", inside)


def _with_profile(iprp: bytes, icc: bytes, primary: int) -> bytes:
    found = {box.kind: iprp[box.start : box.end] for box in boxes(iprp, 8)}
    properties, belonging = found[b"ipco"], found[b"ipma"]
    number = 1 + sum(1 for _ in boxes(properties, 8))
    if belonging[8] or belonging[11] & 1 or number > 127:
        raise ValueError("AVIF with an ipma box of another kind")
    properties = _box(b"ipco", properties[8:] + _box(b"colr", b"prof" + icc))
    position, changed = 16, bytearray(belonging[8:16])
    for _ in range(_number(belonging, 12, 4)):
        count = belonging[position + 2]
        entry = belonging[position : position + 3 + count]
        if _number(entry, 0, 2) == primary:
            entry = entry[:2] + bytes([count + 1]) + entry[3:] + bytes([number])
        changed += entry
        position += 3 + count
    return _box(b"iprp", properties + _box(b"ipma", bytes(changed)))


def _with_places(iloc: bytes, moved: int, added: Sequence[tuple[int, int, int]]) -> bytes:
    """Moves what is there, and adds (item, start, length)."""
    version, widths = iloc[8], (iloc[12] >> 4, iloc[12] & 15, iloc[13] >> 4, iloc[13] & 15)
    if version > 1 or widths[:2] != (4, 4) or widths[2] or (version and widths[3]):
        raise ValueError("AVIF with an iloc box of another kind")
    head = 6 if version else 4  # item, version 1's method, reference
    position, changed = 16, bytearray()
    count = _number(iloc, 14, 2)
    for _ in range(count):
        extents = _number(iloc, position + head, 2)
        changed += iloc[position : position + head + 2]
        position += head + 2
        for _ in range(extents):
            start = _number(iloc, position, 4) + moved
            changed += start.to_bytes(4, "big") + iloc[position + 4 : position + 8]
            position += 8
    for number, start, length in added:
        changed += number.to_bytes(2, "big") + bytes(head - 2) + (1).to_bytes(2, "big")
        changed += start.to_bytes(4, "big") + length.to_bytes(4, "big")
    count += len(added)
    return _box(b"iloc", iloc[8:14] + count.to_bytes(2, "big") + bytes(changed))


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an item's bytes lie in a file: EXIF, b"Exif", or XMP, b"mime"."""

    kind: bytes
    start: int
    end: int


def described(data: bytes) -> list[Place]:
    """The EXIF and XMP of a file.

    Raises:
      DataError: if they lie elsewhere than as whole stretches of the file.
    """
    iinf, iloc = find(data, b"iinf"), find(data, b"iloc")
    if iinf is None or iloc is None:
        return []
    kinds = {}
    count_length = 2 if data[iinf.inside] == 0 else 4
    for box in boxes(data, iinf.inside + 4 + count_length, iinf.end):
        length = 2 if data[box.inside] == 2 else 4
        at = box.inside + 4
        kind = data[at + length + 2 : at + length + 6]
        if kind in (b"Exif", b"mime"):
            kinds[_number(data, at, length)] = kind
    places = [(kinds[n], stretches) for n, stretches in _places(data, iloc) if n in kinds]
    if any(len(stretches) != 1 for _, stretches in places):
        raise DataError("an AVIF whose metadata lie in pieces")
    return [Place(kind, start, start + length) for kind, ((start, length),) in places]


def _places(data: bytes, iloc: Box) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """(item, stretches of the file) of every item; none for what does not lie in the file."""
    at, version = iloc.inside + 4, data[iloc.inside]
    widths = (data[at] >> 4, data[at] & 15, data[at + 1] >> 4, data[at + 1] & 15)
    wide = 4 if version == 2 else 2
    count, at = _number(data, at + 2, wide), at + 2 + wide
    for _ in range(count):
        number, at = _number(data, at, wide), at + wide
        method = 0
        if version:
            method, at = _number(data, at, 2) & 15, at + 2
        base, at = _number(data, at + 2, widths[2]), at + 2 + widths[2]
        extents, at = _number(data, at, 2), at + 2
        stretches = []
        for _ in range(extents):
            at += widths[3] if version else 0
            start = base + _number(data, at, widths[0])
            length = _number(data, at + widths[0], widths[1])
            at += widths[0] + widths[1]
            stretches.append((start, length))
        is_whole = method == 0 and all(n > 0 and s + n <= len(data) for s, n in stretches)
        yield number, stretches if is_whole else []
        if at >= iloc.end:
            return
