"""The names of kept files' formats."""

import io

from PIL import Image

from jaxshrink.files import suffixes


def test_suffixes_are_those_of_the_bytes(photograph):
    for file_format, suffix in (
        ("JPEG", ".jpg"),
        ("PNG", ".png"),
        ("WEBP", ".webp"),
        ("AVIF", ".avif"),
        ("TIFF", ".tif"),
        ("BMP", ".bmp"),
        ("GIF", ".gif"),
    ):
        file = io.BytesIO()
        Image.fromarray(photograph[:20, :20]).save(file, file_format)
        assert suffixes.suffix_of(file.getvalue()) == suffix
        assert (
            suffixes.format_of_suffix(suffix) == file_format == suffixes.format_of(file.getvalue())
        )
    assert suffixes.format_of_suffix(".JPEG") == "JPEG"
    assert suffixes.format_of_suffix(".part") is None
