"""Image resources, and IPTC in them."""

import struct
from fractions import Fraction

from jaxshrink.files import photoshop
from tests.files import making


def test_resources_come_back_as_they_were():
    block = making.photoshop() + making.resource(0x0BB7, b"odd")
    found = photoshop.resources(block)
    assert photoshop.joined(found) == block
    assert photoshop.part(block, photoshop.IPTC) == making.iptc()
    named = b"8BIM\x04\x0b\x04name\0" + b"\0\0\0\1x\0"
    assert photoshop.joined(photoshop.resources(named)) == named


def test_the_place_goes_and_nothing_else():
    copies = making.resource(0x0422, b"EXIF again") + making.resource(0x0424, b"XMP again")
    cleaned = photoshop.without_place(making.photoshop() + copies)
    assert making.CITY not in cleaned and b"again" not in cleaned
    for text in (making.CAPTION, making.CREATOR, making.RIGHTS, b"lake", b"an address"):
        assert text in cleaned
    numbers = [one.number for one in photoshop.resources(cleaned)]
    assert numbers == [0x0404, 0x040B]  # the digest, of what was, went
    assert photoshop.without_place(cleaned) == cleaned
    assert photoshop.without_place(b"8BIM damaged " + making.CITY) == b""


def test_long_datasets_are_read():
    long = b"\x1c\x02\x78\x80\x04" + struct.pack(">I", 40000) + b"c" * 40000
    iptc = long + b"\x1c\x02\x5a\0\4Bern" + b"\x1c\x02\x19\0\4lake"
    cleaned = photoshop.part(photoshop.without_place(photoshop.of_iptc(iptc)), photoshop.IPTC)
    assert cleaned == long + b"\x1c\x02\x19\0\4lake"


def test_the_resolution_follows():
    value = struct.pack(">IHHIHH", 300 << 16, 1, 1, 72 << 16, 1, 1)
    block = making.photoshop() + making.resource(0x03ED, value)
    halved = photoshop.at_resolution(block, Fraction(1, 2))
    assert photoshop.part(halved, 0x03ED) == struct.pack(">IHHIHH", 150 << 16, 1, 1, 36 << 16, 1, 1)
    assert photoshop.at_resolution(halved, Fraction(2)) == block
    assert photoshop.at_resolution(b"something else", Fraction(2)) == b"something else"
