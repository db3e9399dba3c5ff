"""XMP is changed in place: what is told, and that the rest keeps its bytes."""

from fractions import Fraction
from xml.dom import minidom

import pytest

from jaxshrink.files import xmp
from tests.files import making


@pytest.mark.parametrize("quote", [b'"', b"'"])
def test_sizes_as_attributes(quote):
    packet = making.xmp(attributes=b' tiff:ImageWidth="64" tiff:XResolution="300/1"')
    packet = packet.replace(b'"', quote) if quote == b"'" else packet
    changed = xmp.set_size(packet, (24, 32), Fraction(1, 2))
    for name, value in ((b"exif:PixelXDimension", b"32"), (b"exif:PixelYDimension", b"24")):
        assert name + b"=" + quote + value + quote in changed
    assert b"tiff:ImageWidth=" + quote + b"32" in changed
    assert b"tiff:XResolution=" + quote + b"150/1" in changed
    assert len(changed) == len(packet)


def test_sizes_as_elements():
    inside = b"<tiff:ImageWidth>64</tiff:ImageWidth>\n <tiff:ImageLength>48</tiff:ImageLength>\n"
    packet = making.xmp(inside + b"<tiff:YResolution>75/1</tiff:YResolution>\n")
    changed = xmp.set_size(packet, (24, 32), Fraction(1, 2))
    assert b"<tiff:ImageWidth>32</tiff:ImageWidth>\n <tiff:ImageLength>24</tiff:ImageLength>\n" in (
        changed
    )
    assert b"<tiff:YResolution>75/2</tiff:YResolution>\n" in changed
    assert xmp.set_size(changed, (48, 64), Fraction(2)).count(b">150/2<") == 1


@pytest.mark.parametrize(
    "told", [b' tiff:Orientation="6"', b" tiff:Orientation = '6'", b" tiff:Orientation='8'"]
)
def test_the_orientation_is_reset(told):
    packet = making.xmp(attributes=told)
    changed = xmp.set_upright(packet)
    assert sum(a != b for a, b in zip(changed, packet, strict=True)) == 1
    element = making.xmp(b"<tiff:Orientation>6</tiff:Orientation>")
    assert b"<tiff:Orientation>1</tiff:Orientation>" in xmp.set_upright(element)


def test_the_place_goes_and_nothing_else():
    packet = making.xmp(
        b'<Iptc4xmpExt:LocationShown xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        b"><rdf:Bag><rdf:li Iptc4xmpExt:Sublocation='Hut'/></rdf:Bag></Iptc4xmpExt:LocationShown>"
        b'<drone:GpsLatitude xmlns:drone="http://dji/">46.51</drone:GpsLatitude>'
        b"<exif:GPSAltitude>88776/1</exif:GPSAltitude><photoshop:Country>CH</photoshop:Country>"
        b"<photoshop:Headline>Stays</photoshop:Headline>"
    )
    cleaned = xmp.without(packet, xmp.is_place)
    minidom.parseString(cleaned)
    for word in (b"46,30", b"46.51", b"7,45", b"88776", b"Hut", making.CITY, b"CH<"):
        assert word in packet and word not in cleaned
    for word in (making.CAPTION, b"Stays", b'PixelXDimension="64"', b"<?xpacket end"):
        assert word in cleaned
    assert xmp.without(cleaned, xmp.is_place) == cleaned


def test_gain_map_and_film_are_undeclared():
    packet = making.gain_map_xmp()
    cleaned = xmp.without(packet, lambda p: xmp.is_gain_map(p) or xmp.is_container(p))
    minidom.parseString(cleaned)
    assert b"hdrgm:" in packet and b"hdrgm:V" not in cleaned and b"hdrgm:G" not in cleaned
    assert b"Semantic" not in cleaned and making.CAPTION in cleaned
    film = xmp.without(making.film_xmp(), xmp.is_film)
    minidom.parseString(film)
    assert b"MotionPhoto" not in film and b"MicroVideo" not in film and making.CAPTION in film


def test_what_is_no_xml_is_an_error_where_something_must_go():
    for packet in (
        b"<a",
        b"<a></b>",
        b"text",
        b"<a/>\xff",
        making.xmp().replace(b"</rdf:RDF>", b""),
    ):
        with pytest.raises(ValueError):
            xmp.without(packet, xmp.is_place)
        assert xmp.set_upright(packet) == packet
    with pytest.raises(ValueError):
        xmp.without(making.xmp().decode().encode("utf-16"), xmp.is_place)


def test_entities_that_grow_are_no_danger():
    lines = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    packet = f'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">{lines}]><x gps:City="y">&a11;</x>'.encode()
    with pytest.raises(ValueError):
        xmp.without(packet, xmp.is_place)


def test_two_packets_become_one_and_one_two():
    main, extension = (payload for _, payload in making.extended_xmp(b"<my:note>long</my:note>"))
    main = main.partition(b"\0")[2]
    extension = extension[75:]
    whole = xmp.merged(main, extension)
    minidom.parseString(whole)
    assert b"<my:note>long</my:note>" in whole and making.CAPTION in whole
    assert b"HasExtendedXMP" not in whole
    assert xmp.split(whole, 10**6) == (whole, b"")
    short, rest = xmp.split(whole, 500)
    minidom.parseString(short)
    assert len(short) <= 500 and xmp.guid(rest) in short and b"xpacket" not in rest
    again = xmp.merged(short, rest)
    minidom.parseString(again)
    assert b"<my:note>long</my:note>" in again and making.CAPTION in again
