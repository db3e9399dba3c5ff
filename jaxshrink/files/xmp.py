"""XMP, changed in place: what is not asked for keeps its bytes.

A packet is XML; expat says where its elements lie, and only their bytes are cut out. One that is
no XML is left alone where nothing but a value changes, and left out where something had to go.
"""

import dataclasses
import hashlib
import re
from collections.abc import Callable
from fractions import Fraction
from xml.parsers import expat

HAS_EXTENSION = "HasExtendedXMP"
NOTE = "http://ns.adobe.com/xmp/note/"
GUID_LENGTH = 32

_TAG = re.compile(rb"<[^>\"']*(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")
_ATTRIBUTE = re.compile(rb"\s+([\w.-]+)(?::([\w.-]+))?\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_PLACES = re.compile(
    r"gps|latitude|longitude|altitude|geotag|geohash"
    r"|^(city|state|country|countrycode|countryname|provincestate|sublocation"
    r"|location|locationcreated|locationshown|locationid|locationname|worldregion)$",
    re.IGNORECASE,
)
_GEO = "http://www.w3.org/2003/01/geo/wgs84_pos#"
_GAIN_MAP = ("http://ns.adobe.com/hdr-gain-map/1.0/", "http://ns.apple.com/HDRGainMap/1.0/")
_CONTAINER = "http://ns.google.com/photos/1.0/container/"
_CAMERA = "http://ns.google.com/photos/1.0/camera/"
_FILM = re.compile(r"MotionPhoto|MicroVideo")
_REGIONS = re.compile(rb"http://www\.metadataworkinggroup\.com/schemas/regions/|MPRegion")
_PACKET = re.compile(rb"<\?xpacket[^>]*\?>")
_RDF = re.compile(rb"(<rdf:RDF)([^>]*)>(.*)</rdf:RDF\s*>", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Property:
    """An element or an attribute: its namespace, its name, and where it lies."""

    space: str
    name: str
    start: int
    end: int


def without(packet: bytes, unwanted: Callable[[Property], bool]) -> bytes:
    """A packet without some properties.

    Raises:
      ValueError: if it is no XML.
    """
    packet = packet.strip(b"\0")
    cut = sorted((p.start, p.end) for p in _properties(packet) if unwanted(p))
    kept, position = bytearray(), 0
    for start, end in cut:
        if start >= position:
            kept += packet[position:start]
            position = end
        position = max(position, end)
    return bytes(kept + packet[position:])


def has(packet: bytes, wanted: Callable[[Property], bool]) -> bool:
    """Whether there is such a property; False for what is no XML."""
    try:
        return any(map(wanted, _properties(packet.strip(b"\0"))))
    except ValueError:
        return False


def is_place(found: Property) -> bool:
    """Whether it says where the photograph was taken."""
    return found.space == _GEO or bool(_PLACES.search(found.name))


def is_gain_map(found: Property) -> bool:
    """Whether it tells of a second picture that makes the first one brighter."""
    return found.space in _GAIN_MAP


def is_film(found: Property) -> bool:
    """Whether it tells of a film behind the picture."""
    return found.space == _CAMERA and bool(_FILM.match(found.name))


def is_container(found: Property) -> bool:
    """Whether it lists what lies behind the picture."""
    return found.space == _CONTAINER and found.name == "Directory"


def is_of_profile(found: Property) -> bool:
    """Whether it names the colour profile."""
    return found.name == "ICCProfile"


def has_regions(packet: bytes) -> bool:
    """Whether it says where in the picture faces are."""
    return bool(_REGIONS.search(packet))


def set_upright(packet: bytes) -> bytes:
    """Says that the pixels lie as they are shown."""
    return re.sub(rb"((?<!/)tiff:Orientation(?:\s*=\s*[\"']|>))\s*[2-8]", rb"\g<1>1", packet)


def set_srgb(packet: bytes) -> bytes:
    """Says that the colours are sRGB's, where it says anything of colours."""
    packet = _set(packet, rb"exif:ColorSpace", lambda old: b"1")
    return _or_nothing(packet, is_of_profile)


def set_size(packet: bytes, size: tuple[int, int], factor: Fraction) -> bytes:
    """Says that the picture has this size, (H, W), which is `factor` times what it had."""
    height, width = size
    for name, value in (
        (rb"exif:PixelXDimension", width),
        (rb"exif:PixelYDimension", height),
        (rb"tiff:ImageWidth", width),
        (rb"tiff:ImageLength", height),
    ):
        packet = _set(packet, name, lambda old, value=value: b"%d" % value)  # type: ignore[misc]
    if factor == 1:
        return packet
    for name in (rb"tiff:[XY]Resolution", rb"exif:FocalPlane[XY]Resolution"):
        packet = _set(packet, name, lambda old: _scaled(old, factor))
    return packet


def _scaled(old: bytes, factor: Fraction) -> bytes:
    """A fraction as XMP writes it, a multiple; its denominator as it was, where that is exact."""
    match = re.fullmatch(rb"(\d{1,12})/([1-9]\d{0,11})", old.strip())
    if match is None:
        return old
    above, below = int(match[1]) * factor, int(match[2])
    if above.denominator != 1:
        above, below = above * above.denominator, below * above.denominator
    return b"%d/%d" % (int(above), below)


def _set(packet: bytes, name: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Changes the value of a property, written as an attribute or as an element."""
    pattern = rb"((?<![\w:/])" + name + rb"(?:\s*=\s*[\"']|>))([^\"'<>]*)"
    return re.sub(pattern, lambda match: match[1] + change(match[2]), packet)


def _or_nothing(packet: bytes, unwanted: Callable[[Property], bool]) -> bytes:
    """As `without`; what is no XML stays as it is."""
    try:
        return without(packet, unwanted)
    except ValueError:
        return packet


def merged(packet: bytes, extension: bytes) -> bytes:
    """One packet of a JPEG's two: the extension's descriptions join those of the packet."""
    packet = _or_nothing(packet, lambda found: found.space == NOTE and found.name == HAS_EXTENSION)
    into, of = _RDF.search(packet), _RDF.search(extension)
    if into is None or of is None:
        return packet
    spaces = b"".join(
        match.group()
        for match in _ATTRIBUTE.finditer(of[2])
        if match[1] == b"xmlns" and match[2] is not None and match.group().strip() not in into[2]
    )
    opening = into.end(2)
    closing = into.end(3)
    return packet[:opening] + spaces + packet[opening:closing] + of[3] + packet[closing:]


def split(packet: bytes, limit: int) -> tuple[bytes, bytes]:
    """A packet and its extension, where it is too long for one; the packet only refers to it."""
    if len(packet) <= limit:
        return packet, b""
    extension = _PACKET.sub(b"", packet).strip()
    return _referring(extension), extension


def referred(packet: bytes, extension: bytes) -> bytes:
    """A packet that names this extension, by its checksum, instead of the one that it named."""
    return _set(packet, rb"xmpNote:HasExtendedXMP", lambda old: guid(extension))


def guid(extension: bytes) -> bytes:
    """How a packet names its extension."""
    return hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()


def _referring(extension: bytes) -> bytes:
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        b'xmlns:xmpNote="'
        + NOTE.encode()
        + b'" xmpNote:HasExtendedXMP="'
        + guid(extension)
        + b'"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )


def _properties(packet: bytes) -> list[Property]:
    """All elements and attributes of a packet; raises ValueError if it is no XML."""
    found: list[Property] = []
    open_elements: list[tuple[str, str, int, bool]] = []
    spaces: list[dict[str, str]] = [{}]
    parser = expat.ParserCreate()

    def resolved(prefix: str) -> str:
        return spaces[-1].get(prefix, prefix)

    def start(name: str, attributes: dict[str, str]) -> None:
        at = parser.CurrentByteIndex
        tag = _TAG.match(packet, at)
        if tag is None:
            raise ValueError("XMP in an encoding that is not read")
        declared = {k[6:]: v for k, v in attributes.items() if k.startswith("xmlns:")}
        spaces.append(spaces[-1] | declared)
        prefix, _, local = name.rpartition(":")
        for match in _ATTRIBUTE.finditer(tag.group()):
            if match[2] is not None and match[1] != b"xmlns":
                one, other = match[1].decode(), match[2].decode()
                found.append(Property(resolved(one), other, at + match.start(), at + match.end()))
        open_elements.append((resolved(prefix), local, at, tag.group().endswith(b"/>")))

    def end(name: str) -> None:
        space, local, at, is_empty = open_elements.pop()
        spaces.pop()
        tag = _TAG.match(packet, at if is_empty else parser.CurrentByteIndex)
        if tag is None:
            raise ValueError("XMP in an encoding that is not read")
        found.append(Property(space, local, at, tag.end()))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(packet, True)
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise ValueError(f"XMP that is no XML ({error})") from None
    return found
