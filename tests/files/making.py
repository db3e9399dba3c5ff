"""Files with metadata of every kind, made here from their bytes, or by Pillow; not by jaxshrink."""

import functools
import hashlib
import io
import struct
import zlib
from fractions import Fraction

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

CAPTION, CREATOR, RIGHTS = b"A caption", b"A. Person", b"(c) A. Person"
CITY = b"Gruendelwald"
DATE, CAMERA = b"2020:01:02 03:04:05", b"Acme"
MAKER_NOTE = b"maker note at 1234" + bytes(range(60))
# 46 1/2 and 7 3/4 degrees, in numbers that are nowhere else.
LATITUDE = (46, 1, 30, 1, 7919, 1000)
LONGITUDE = (7, 1, 45, 1, 6151, 1000)
COMMENT = b"A comment"
SUFFIXES = {"JPEG": "jpg", "PNG": "png", "TIFF": "tif", "WEBP": "webp", "AVIF": "avif"}


def picture(width=64, height=48):
    """A smooth picture whose corners differ."""
    y, x = np.mgrid[:height, :width]
    colors = np.dstack([40 + 160 * x / width, 60 + 150 * y / height, 200 - 120 * x / width])
    return Image.fromarray(colors.astype(np.uint8))


def saved(image, file_format, **options):
    """The bytes of a file."""
    file = io.BytesIO()
    lossless = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}, "AVIF": {"quality": 95}}
    image.save(file, file_format, **lossless.get(file_format, {}), **options)
    return file.getvalue()


def directory(entries, at, order=">", link=0):
    """A directory of a TIFF that lies at an offset; entries: (tag, kind, count, value)."""
    end = at + 2 + 12 * len(entries) + 4
    table, values = struct.pack(order + "H", len(entries)), b""
    for tag, kind, count, value in sorted(entries):
        field = value.ljust(4, b"\0")
        if len(value) > 4:
            field = struct.pack(order + "I", end + len(values))
            values += value + bytes(len(value) % 2)
        table += struct.pack(order + "HHI", tag, kind, count) + field
    return table + struct.pack(order + "I", link) + values


def small_jpeg(width=32, height=24):
    return saved(picture(width, height), "JPEG")


def exif(
    *,
    orientation=1,
    size=(64, 48),
    thumbnail=b"",
    resolution=None,
    order=">",
    index=b"",
    space=1,
    more=(),
):
    """EXIF, from its TIFF header on, with all that a camera writes.

    Args:
      orientation, size: as they are told.
      thumbnail: a JPEG.
      resolution: in pixels per inch.
      order: of the bytes, as `struct` names it.
      index: of interoperability, four bytes.
      space: of the colours.
      more: entries of the picture's directory.
    """

    def short(*values):
        return struct.pack(f"{order}{len(values)}H", *values)

    def long(*values):
        return struct.pack(f"{order}{len(values)}I", *values)

    main = [
        (0x0112, 3, 1, short(orientation)),
        (0x010F, 2, len(CAMERA) + 1, CAMERA + b"\0"),
        *more,
        (0x8298, 2, len(RIGHTS) + 1, RIGHTS + b"\0"),
    ]
    if resolution is not None:
        value = Fraction(resolution)
        packed = long(value.numerator, value.denominator)
        main += [(0x011A, 5, 1, packed), (0x011B, 5, 1, packed), (0x0128, 3, 1, short(2))]
    details = [
        (0x9003, 2, 20, DATE + b"\0"),
        (0x927C, 7, len(MAKER_NOTE), MAKER_NOTE),
        (0xA001, 3, 1, short(space)),
        (0xA002, 4, 1, long(size[0])),
        (0xA003, 4, 1, long(size[1])),
        (0xA20E, 5, 1, long(4000, 1)),
        (0xA20F, 5, 1, long(4000, 1)),
    ]
    place = [
        (1, 2, 2, b"N\0"),
        (2, 5, 3, long(*LATITUDE)),
        (3, 2, 2, b"E\0"),
        (4, 5, 3, long(*LONGITUDE)),
    ]
    small = [(0x0103, 3, 1, short(6)), (0x0100, 4, 1, long(32)), (0x0101, 4, 1, long(24))]
    small += [(0x0201, 4, 1, long(0)), (0x0202, 4, 1, long(len(thumbnail)))]

    # Pointers do not change lengths, so that places are known after a first round.
    at = {"details": 0, "place": 0, "second": 0, "thumbnail": 0, "other": 0}
    for _ in range(2):
        pointers = [(0x8769, 4, 1, long(at["details"])), (0x8825, 4, 1, long(at["place"]))]
        link = at["second"] if thumbnail else 0
        data = directory(main + pointers, 8, order, link)
        at["details"] = 8 + len(data)
        other = [(0xA005, 4, 1, long(at["other"]))] if index else []
        data += directory(details + other, at["details"], order)
        at["place"] = 8 + len(data)
        data += directory(place, at["place"], order)
        if index:
            at["other"] = 8 + len(data)
            data += directory([(1, 2, 4, index)], at["other"], order)
        if thumbnail:
            at["second"] = 8 + len(data)
            small[3] = (0x0201, 4, 1, long(at["thumbnail"]))
            data += directory(small, at["second"], order)
            at["thumbnail"] = 8 + len(data)
    head = b"MM\0*" if order == ">" else b"II*\0"
    return head + struct.pack(order + "I", 8) + data + thumbnail


def xmp(inside=b"", attributes=b""):
    """A packet with a caption, a place and sizes, and what else is asked for."""
    return (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        b' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        b' xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
        b' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
        b' exif:GPSLatitude="46,30.7919N" photoshop:City="' + CITY + b'"'
        b' exif:PixelXDimension="64" exif:PixelYDimension="48"' + attributes + b">"
        b"<exif:GPSLongitude>7,45.6151E</exif:GPSLongitude>"
        b'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">' + CAPTION + b"</rdf:li></rdf:Alt>"
        b"</dc:description>" + inside + b"</rdf:Description></rdf:RDF></x:xmpmeta>\n"
        b'<?xpacket end="w"?>'
    )


def gain_map_xmp():
    return xmp(
        attributes=b' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
        b' xmlns:Container="http://ns.google.com/photos/1.0/container/"'
        b' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"',
        inside=b"<hdrgm:GainMapMax><rdf:Seq><rdf:li>2.3</rdf:li></rdf:Seq></hdrgm:GainMapMax>"
        b'<Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item'
        b' Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="1500"/></rdf:li></rdf:Seq>'
        b"</Container:Directory>",
    )


def film_xmp():
    return xmp(
        attributes=b' xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
        b' GCamera:MotionPhoto="1" GCamera:MicroVideo="1" GCamera:MicroVideoOffset="24"'
    )


FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


def iptc():
    """Caption, keyword, by-line, copyright, city."""
    values = [(120, CAPTION), (25, b"lake"), (80, CREATOR), (116, RIGHTS), (90, CITY)]
    return b"".join(
        b"\x1c\x02" + bytes([number]) + len(text).to_bytes(2, "big") + text
        for number, text in values
    )


def resource(number, data):
    head = b"8BIM" + number.to_bytes(2, "big") + b"\0\0" + len(data).to_bytes(4, "big")
    return head + data + bytes(len(data) % 2)


def photoshop():
    """IPTC, its digest, and another resource."""
    digest = hashlib.md5(iptc()).digest()
    return resource(0x0404, iptc()) + resource(0x0425, digest) + resource(0x040B, b"an address")


@functools.cache  # it tells the time at which it was made
def icc():
    """A profile of Display P3's primaries: Pillow's one for sRGB, changed in its bytes."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    columns = {
        b"rXYZ": (0.5151, 0.2412, -0.0011),
        b"gXYZ": (0.2920, 0.6922, 0.0419),
        b"bXYZ": (0.1571, 0.0666, 0.7841),
    }
    for index in range(int.from_bytes(data[128:132], "big")):
        name, start, _ = struct.unpack(">4sII", data[132 + 12 * index : 144 + 12 * index])
        if name in columns:
            values = [round(value * 65536) for value in columns[name]]
            data[start + 8 : start + 20] = struct.pack(">3i", *values)
    return bytes(data)


def segment(code, payload):
    return bytes([0xFF, code]) + (len(payload) + 2).to_bytes(2, "big") + payload


def with_segments(jpeg, *segments):
    """A JPEG with segments, (code, payload), behind its JFIF header."""
    return jpeg[:20] + b"".join(segment(*one) for one in segments) + jpeg[20:]


def chunk(name, payload):
    checksum = zlib.crc32(name + payload).to_bytes(4, "big")
    return len(payload).to_bytes(4, "big") + name + payload + checksum


def with_chunks(png, *chunks):
    """A PNG with chunks, (name, payload), behind its header."""
    return png[:33] + b"".join(chunk(*one) for one in chunks) + png[33:]


def png(width, height, depth, kind, rows, *chunks):
    """A PNG of any depth and kind of colour; rows: the bytes of each."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunk(*one) for one in chunks)
        + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )


def raw_profile(name, data):
    """A PNG's text as ImageMagick writes what PNG has no chunk for."""
    text = f"\n{name}\n{len(data):8}\n{data.hex()}\n".encode()
    return b"Raw profile type " + name.encode() + b"\0\0" + zlib.compress(text)


def extended_xmp(inside):
    """A JPEG's two segments: a packet that refers to a second one, and that."""
    extension = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        b' xmlns:my="http://example.com/my/1.0/">' + inside + b"</rdf:Description></rdf:RDF>"
        b"</x:xmpmeta>"
    )
    name = hashlib.md5(extension).hexdigest().upper().encode()
    main = xmp(
        attributes=b' xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="'
        + name
        + b'"'
    )
    head = b"http://ns.adobe.com/xmp/extension/\0" + name + struct.pack(">II", len(extension), 0)
    return [(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + main), (0xE1, head + extension)]


def full(file_format, *, image=None, resolution=300, comment=COMMENT, **told):
    """A file with EXIF, XMP, a profile, IPTC where the format has it, comment and resolution.

    Args:
      file_format: Pillow's name.
      image: another picture.
      resolution: in pixels per inch.
      comment: b"" for none.
      told: for `exif`.
    """
    image = picture() if image is None else image
    raw = exif(resolution=resolution, **told)
    dpi = (resolution, resolution)
    if file_format == "JPEG":
        data = saved(image, "JPEG", exif=b"Exif\0\0" + raw, xmp=xmp(), icc_profile=icc(), dpi=dpi)
        segments = [(0xED, b"Photoshop 3.0\0" + photoshop()), (0xFE, comment)]
        return with_segments(data, *segments[: 2 if comment else 1])
    if file_format == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp().decode())
        if comment:
            info.add_text("Comment", comment.decode())
        data = saved(image, "PNG", exif=raw, pnginfo=info, icc_profile=icc(), dpi=dpi)
        return with_chunks(data, (b"zTXt", raw_profile("iptc", photoshop())))
    if file_format == "TIFF":
        return tiff(image, resolution=resolution, **told)
    return saved(image, file_format, exif=b"Exif\0\0" + raw, xmp=xmp(), icc_profile=icc())


def tiff(image, **told):
    """A TIFF whose pixels lie behind all that a TIFF may say."""
    width, height = image.size
    pixels = image.tobytes()
    blobs = {700: xmp(), 33723: iptc(), 34377: photoshop(), 34675: icc()}

    def around(start):
        wholes = {256: width, 257: height, 259: 1, 262: 2, 273: start, 277: 3, 278: height}
        wholes[279] = len(pixels)
        more = [(tag, 4, 1, struct.pack(">I", value)) for tag, value in wholes.items()]
        more.append((258, 3, 3, struct.pack(">3H", 8, 8, 8)))
        more += [(tag, 7, len(value), value) for tag, value in blobs.items()]
        return exif(more=more, **told)

    return around(len(around(0))) + pixels
