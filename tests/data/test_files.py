import numpy as np
import pytest
from PIL import Image

from jaxshrink.data import read_image
from jaxshrink.data.files import image_size, list_images
from jaxshrink.errors import DataError

LIMIT = 10**6


def save(image: Image.Image, path, **options):
    image.save(path, **options)
    return path


@pytest.fixture
def picture(photograph) -> Image.Image:
    return Image.fromarray(photograph[100:140, 200:260])  # 60 wide, 40 high


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        *[(mode, "png") for mode in ("RGB", "L", "1", "P", "RGBA", "LA")],
        *[(mode, "jpg") for mode in ("CMYK", "YCbCr")],
        *[("RGB", suffix) for suffix in ("webp", "avif", "bmp", "tiff", "gif", "jp2")],
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_formats_and_modes_become_gray_or_rgb(picture, tmp_path, mode, suffix, channels):
    path = save(picture.convert(mode), tmp_path / f"a.{suffix}")
    image = read_image(path, channels, LIMIT)
    assert image.shape == (40, 60, channels)
    assert image.dtype == np.uint8
    expected = np.asarray(picture.convert("L"), float)
    # Thresholded and palette images have lost much, but not their looks.
    assert np.corrcoef(image.mean(axis=2).ravel(), expected.ravel())[0, 1] > 0.3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(picture, tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(picture, tmp_path / "a.png", exif=exif)
    size = (60, 40) if orientation >= 5 else (40, 60)
    assert image_size(path, LIMIT) == size
    image = read_image(path, 3, LIMIT)
    assert image.shape == (*size, 3)
    upright = np.asarray(picture)
    corners = {1: upright[0, 0], 2: upright[0, -1], 3: upright[-1, -1], 4: upright[-1, 0]}
    corners |= {5: upright[0, 0], 6: upright[-1, 0], 7: upright[-1, -1], 8: upright[0, -1]}
    np.testing.assert_array_equal(image[0, 0], corners[orientation])


def test_16_bits_are_rounded_to_8(tmp_path):
    levels = np.array([[0, 128, 129, 257, 65535, 33000]], np.uint16)
    path = save(Image.fromarray(levels), tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(path, 1, LIMIT)[0, :, 0], [0, 0, 1, 1, 255, 128])


def test_transparency_is_laid_over_white(tmp_path):
    path = save(Image.new("RGBA", (2, 2), (255, 0, 0, 0)), tmp_path / "a.png")
    assert (read_image(path, 3, LIMIT) == 255).all()


def test_resizing_goes_to_height_and_width(picture, tmp_path):
    path = save(picture, tmp_path / "a.png")
    assert read_image(path, 3, LIMIT, resize=(18, 12)).shape == (18, 12, 3)


def test_a_truncated_file_is_named(picture, tmp_path):
    path = save(picture, tmp_path / "cut.jpg", quality=95)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(DataError, match=r"cut\.jpg: broken or truncated"):
        read_image(path, 3, LIMIT)


def test_what_is_no_image_is_named(tmp_path):
    path = tmp_path / "text.jpg"
    path.write_text("not a picture")
    with pytest.raises(DataError, match=r"text\.jpg: cannot be read as an image"):
        read_image(path, 3, LIMIT)


def test_a_huge_image_is_refused_from_its_header(tmp_path):
    path = save(Image.new("1", (2_000, 2_000)), tmp_path / "huge.png")
    with pytest.raises(DataError, match=r"huge\.png: 2000x2000 is more than the limit"):
        image_size(path, LIMIT)
    with pytest.raises(DataError, match="more than the limit"):
        read_image(path, 3, LIMIT)


def test_floating_point_images_are_refused(tmp_path):
    path = save(Image.fromarray(np.zeros((4, 4), np.float32)), tmp_path / "a.tiff")
    with pytest.raises(DataError, match="floating-point"):
        read_image(path, 1, LIMIT)


def test_images_are_listed_by_path_and_other_files_left_out(picture, tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.png", "a.JPG", "sub/c.webp"):
        save(picture, tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    save(picture, tmp_path / ".hidden.png")
    names = [path.relative_to(tmp_path).as_posix() for path in list_images(str(tmp_path))]
    assert names == ["a.JPG", "b.png", "sub/c.webp"]


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("nowhere", "no such file or folder"),
        ("", "no images"),
        ("packaged:nothing", "known: train"),
    ],
)
def test_nothing_to_list_is_an_error(tmp_path, location, message):
    place = location if location.startswith("packaged:") else str(tmp_path / location)
    with pytest.raises(DataError, match=message):
        list_images(place)


def test_packaged_cohorts_share_no_photograph():
    cohorts = [set(list_images(f"packaged:{name}")) for name in ("train", "dev", "test")]
    assert [len(cohort) for cohort in cohorts] == [8, 2, 2]
    assert len(set.union(*cohorts)) == 12
