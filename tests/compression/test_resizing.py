import numpy as np
import pytest

from jaxshrink.compression.resizing import Resizing
from jaxshrink.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1600x1200", (1200, 1600)),
        ("1600x600", (600, 800)),
        ("800x1200", (600, 800)),
        ("400", (300, 400)),
        ("x300", (300, 400)),
        ("50%", (1500, 2000)),
        ("12.5 %".replace(" ", ""), (375, 500)),
        ("9000x9000", (3000, 4000)),
        ("100%", (3000, 4000)),
        ("1x1", (1, 1)),
        ("0.01%", (1, 1)),
    ],
)
def test_sizes_fit_into_what_is_asked_for_and_never_grow(text, size):
    assert Resizing.parse(text).size(3000, 4000) == size


@pytest.mark.parametrize(
    "text", ["", "x", "0", "0x5", "10x", "0%", "101%", "-5", "5 5", "1e3", "%"]
)
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ConfigError, match="expected WxH, W or N% up to 100%"):
        Resizing.parse(text)


def test_pixels_are_averaged_and_the_change_is_told():
    checkers = np.indices((64, 80)).sum(0) % 2 * np.uint8(255)
    resized, notes = Resizing.parse("25%").apply(checkers[:, :, None].astype(np.uint8))
    assert resized.shape == (16, 20, 1)
    assert np.abs(resized[2:-2, 2:-2].astype(int) - 127).max() < 20
    assert notes == ("resized from 80x64 to 20x16",)
    same, notes = Resizing.parse("80").apply(resized)
    assert same is resized and notes == ()
