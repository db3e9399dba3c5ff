import io

import pytest
from PIL import Image

from jaxshrink.compression.coarseness import estimated_quality, is_coarser


def jpeg(photograph, **options):
    file = io.BytesIO()
    Image.fromarray(photograph[:32, :32]).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("quality", [5, 30, 74, 75, 76, 95, 99])
def test_a_jpeg_is_coarser_than_all_qualities_above_its_own(quality, photograph):
    file = jpeg(photograph, quality=quality, optimize=True)
    assert estimated_quality(file) == quality
    assert not is_coarser(file, quality)
    assert is_coarser(file, quality + 1)


def test_the_best_jpeg_is_coarser_than_none(photograph):
    assert not is_coarser(jpeg(photograph, quality=100), 100)


def test_tables_of_other_programs_have_a_quality_too(photograph):
    file = jpeg(photograph, qtables="web_low")
    assert 20 < estimated_quality(file) < 60
    assert is_coarser(file, 75) and not is_coarser(file, 10)
