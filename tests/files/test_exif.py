"""EXIF is changed in place: what is told, and that the rest keeps its bytes."""

import io
from fractions import Fraction

import pytest
from PIL import Image

from jaxshrink.files.exif import Exif, is_exif, minimal
from jaxshrink.files.exif_changes import is_adobe_rgb, remove_place, set_size, set_srgb, set_upright
from tests.files import making


def told(data):
    """As Pillow reads it: (picture, exposure, place)."""
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + bytes(data))
    return dict(exif), dict(exif.get_ifd(0x8769)), dict(exif.get_ifd(0x8825))


@pytest.mark.parametrize("order", [">", "<"])
def test_sizes_and_resolutions_follow_the_picture(order):
    data = making.exif(order=order, resolution=300, index=b"R98\0")
    exif = Exif(data)
    set_size(exif, (24, 32), Fraction(1, 2))
    main, details, place = told(exif)
    assert (details[0xA002], details[0xA003]) == (32, 24)
    assert (main[0x011A], main[0x011B], details[0xA20E]) == (150, 150, 2000)
    # Everything else is where it was, maker note and all.
    assert len(bytes(exif)) == len(data)
    assert sum(a != b for a, b in zip(bytes(exif), data, strict=True)) < 20
    assert details[0x927C] == making.MAKER_NOTE and place[2][0] == 46
    set_size(exif, (48, 64), Fraction(2))
    assert bytes(exif) == data


@pytest.mark.parametrize("resolution", [75, "3001/10", "1000/3", 2**31])
def test_fractions_that_cannot_be_halved_exactly_come_back(resolution):
    exif = Exif(making.exif(resolution=resolution))
    before = exif.fraction(exif.first, 0x011A)
    set_size(exif, (24, 32), Fraction(1, 2))
    assert exif.fraction(exif.first, 0x011A) == before / 2
    set_size(exif, (48, 64), Fraction(2))
    assert exif.fraction(exif.first, 0x011A) == before


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", [">", "<"])
def test_the_thumbnail_is_turned_with_the_picture(orientation, order):
    thumbnail = making.small_jpeg()
    data = making.exif(orientation=orientation, thumbnail=thumbnail, order=order)
    exif = Exif(data)
    assert set_upright(exif, orientation) == ()
    assert told(exif)[0][0x0112] == 1
    start, end = exif.thumbnail
    with Image.open(io.BytesIO(bytes(exif)[start:end])) as image:
        assert image.size == ((24, 32) if orientation > 4 else (32, 24))
        turned = image.convert("RGB")
    # Red grows to the right, green downwards, in what is stored.
    original = Image.open(io.BytesIO(thumbnail)).convert("RGB")
    exif_of_it = Image.Exif()
    exif_of_it[0x0112] = orientation
    file = io.BytesIO()
    original.save(file, "PNG", exif=exif_of_it)
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(Image.open(file))
    for corner in ((0, 0), (turned.width - 1, turned.height - 1)):
        pairs = zip(turned.getpixel(corner), upright.getpixel(corner), strict=True)
        assert all(abs(a - b) < 25 for a, b in pairs)


def test_a_thumbnail_that_cannot_be_turned_is_taken_out_and_told():
    exif = Exif(making.exif(orientation=6, thumbnail=b"no JPEG at all" * 9))
    assert set_upright(exif, 6) == ("the thumbnail in its EXIF, which lay otherwise, left out",)
    assert exif.thumbnail is None and b"no JPEG" not in bytes(exif)
    assert told(exif)[1][0x927C] == making.MAKER_NOTE


@pytest.mark.parametrize("order", [">", "<"])
def test_the_place_goes_and_nothing_else(order):
    data = making.exif(order=order, thumbnail=making.small_jpeg(), resolution=300)
    exif = Exif(data)
    assert remove_place(exif)
    cleaned = bytes(exif)
    kind = "big" if order == ">" else "little"
    for number in (7919, 6151):
        assert number.to_bytes(4, kind) in data and number.to_bytes(4, kind) not in cleaned
    before, after = told(data), told(cleaned)
    assert after[2] == {} and 0x8825 not in after[0]
    assert after[1] == before[1]
    assert after[0] == {tag: v for tag, v in before[0].items() if tag != 0x8825}
    assert Exif(cleaned).thumbnail == Exif(data).thumbnail  # where the maker note's bytes are, too
    assert not remove_place(Exif(cleaned))


def test_iptc_in_exif_loses_the_place_too():
    more = [(0x83BB, 7, len(making.iptc()), making.iptc())]
    more.append((0x8649, 7, len(making.photoshop()), making.photoshop()))
    data = making.exif(more=more)
    exif = Exif(data)
    remove_place(exif)
    cleaned = bytes(exif)
    assert data.count(making.CITY) == 2 and making.CITY not in cleaned
    main = told(cleaned)[0]
    assert main[0x83BB].count(making.CAPTION) == main[0x8649].count(making.CAPTION) == 1
    assert told(cleaned)[1] == told(data)[1]


def test_entries_are_added_without_moving_anything():
    data = making.exif(thumbnail=making.small_jpeg())
    exif = Exif(data)
    exif.add([(0x011A, 5, 1, exif.packed([300, 1], 4)), (0x0128, 3, 1, exif.packed([2], 2))])
    assert bytes(exif)[8 : len(data)] == data[8:]
    main, details, place = told(exif)
    assert (main[0x011A], main[0x0128], main[0x010F]) == (300, 2, "Acme")
    assert details == told(data)[1] and place == told(data)[2]
    assert exif.thumbnail == Exif(data).thumbnail


def test_minimal_exif():
    assert told(minimal([(0x0112, 3, 1, b"\0\6")]))[0] == {0x0112: 6}
    assert told(minimal([(0x83BB, 7, 9, b"123456789")]))[0] == {0x83BB: b"123456789"}
    assert is_exif(minimal()) and told(minimal())[0] == {}


def test_damaged_exif_raises_nothing():
    data = making.exif(orientation=6, thumbnail=making.small_jpeg(), resolution=72, index=b"R03\0")
    for end in range(8, len(data), 3):
        for exif in (Exif(data[:end]), Exif(data[: end // 2] + b"\xff" * 9 + data[end // 2 :])):
            set_upright(exif, 6)
            set_size(exif, (24, 32), Fraction(1, 2))
            remove_place(exif)
            set_srgb(exif)
            exif.trim()
            assert is_adobe_rgb(exif) in (True, False)
