"""What a file is, by its name and by its first bytes, and whether we read its kind.

A kind is a word for people: "JPEG", "HEIC", "raw", "PDF". No Pillow is needed here.
"""

import importlib.util
import os
from pathlib import Path

HEAD_BYTES = 64  # of a file, to tell its kind by
OTHER = "other"  # the kind of what is no picture

_READ = {
    "JPEG": ".jpg .jpeg .jpe .jfif .jif .mpo",
    "PNG": ".png .apng",
    "WebP": ".webp",
    "AVIF": ".avif .avifs",
    "TIFF": ".tif .tiff",
    "JPEG 2000": ".jp2 .j2k .j2c .jpc .jpf .jpx",
    "BMP": ".bmp",
    "GIF": ".gif",
    "PPM": ".ppm .pgm .pbm .pnm .pfm",
    "TGA": ".tga .icb .vda .vst",
}
_READ_WITH_EXTRA = {"HEIC": ".heic .heif .heics .hif", "JPEG XL": ".jxl"}
# Of each such kind, the module that reads it and the extra of this project that installs it.
EXTRAS = {"HEIC": ("pillow_heif", "heic"), "JPEG XL": ("pillow_jxl", "jxl")}
_NOT_READ = {
    "raw": ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .kdc .mef .mos .mrw .nef .nrw"
    " .orf .pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f",
    "Photoshop": ".psd .psb",
    "PostScript": ".eps .ps .ai",
    "drawing": ".svg .xcf .kra",
    "icon": ".ico .icns .cur",
    "OpenEXR": ".exr",
    "Radiance": ".hdr",
}
_BY_SUFFIX = {
    suffix: kind
    for kinds in (_READ, _READ_WITH_EXTRA, _NOT_READ)
    for kind, suffixes in kinds.items()
    for suffix in suffixes.split()
}
_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",
    b"MM\x00+": "TIFF",
    b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"GIF8": "GIF",
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"FUJIFILMCCD-RAW": "raw",
    b"8BPS": "Photoshop",
    b"%!PS": "PostScript",
    b"\xc5\xd0\xd3\xc6": "PostScript",
    b"<svg": "drawing",
    b"\x00\x00\x01\x00": "icon",
    b"icns": "icon",
    b"%PDF": "PDF",
    b"\x00\x00\x01\xb3": "film",
    b"\x00\x00\x01\xba": "film",
    b"\x1aE\xdf\xa3": "film",
    b"PK\x03\x04": "archive",
}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def head_of(path: Path) -> bytes:
    """The first `HEAD_BYTES` bytes of a file, of which it raises OSError; waits for no FIFO."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        return file.read(HEAD_BYTES)


def kind_of_name(path: Path) -> str | None:
    """The kind that a name's suffix tells; None where it is no picture's."""
    return _BY_SUFFIX.get(path.suffix.lower())


def kind_of_content(head: bytes) -> str | None:
    """The kind that a file's first `HEAD_BYTES` bytes tell; None where they do not.

    BMP, PPM and TGA begin with too little to be told by it.
    """
    if head[4:8] == b"ftyp":
        return _kind_of_brands(head)
    if head[:4] == b"RIFF":
        return {b"WEBP": "WebP", b"AVI ": "film"}.get(head[8:12])
    return next((kind for start, kind in _STARTS.items() if head.startswith(start)), None)


def _kind_of_brands(head: bytes) -> str:
    """Of an ISO base media file, by its brands, the major one first."""
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, _end_of_brands(head), 4))]
    if brands[0] == b"crx ":
        return "raw"
    if {b"avif", b"avis"} & set(brands):
        return "AVIF"
    return "HEIC" if _HEIC_BRANDS & set(brands) else "film"


def _end_of_brands(head: bytes) -> int:
    return min(int.from_bytes(head[:4], "big"), len(head))


def is_read(kind: str | None) -> bool:
    """Whether we read this kind here and now."""
    if kind in EXTRAS:
        return importlib.util.find_spec(EXTRAS[kind][0]) is not None
    return kind in _READ


def is_picture(kind: str | None) -> bool:
    """Whether a person takes such a file for a picture, read or not."""
    return kind in _READ or kind in _READ_WITH_EXTRA or kind in _NOT_READ


def advice(kind: str) -> str:
    """What to do about a picture of a kind that we do not read; "" where there is nothing."""
    if kind in EXTRAS:
        return f"pip install 'jaxshrink[{EXTRAS[kind][1]}]' reads it"
    return "develop it first" if kind == "raw" else ""
