"""Methods by name, re-packings, and other programs by their command."""

import shlex
import sys

import numpy as np
import pytest

from jaxshrink.bench.methods.by_name import method_by_name
from jaxshrink.bench.methods.external import ExternalMethod
from jaxshrink.codecs import CODECS, EXTRA_CODECS
from jaxshrink.errors import ConfigError, MethodError

# An encoder of our own, in the words of a command line.
ENCODER = """
import sys; from PIL import Image
Image.open(sys.argv[1]).save(sys.argv[2], 'WEBP', quality=int(sys.argv[3]))
"""


def external(script: str, arguments: str = "{input} {output} {quality}") -> ExternalMethod:
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(script)} {arguments}"
    return ExternalMethod.parse(f"mine={command}")


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_codec_goes_there_and_back(name, channels, photograph):
    x = photograph[100:164, 100:149, :channels]
    method = method_by_name(name)
    trip = method.trip(x, method.qualities[-1])
    assert trip.x_hat.shape == x.shape and trip.x_hat.dtype == np.uint8
    assert len(trip.data) < x.size and trip.y_hat is None
    assert np.abs(trip.x_hat.astype(int) - x).mean() < 12.0


@pytest.mark.parametrize("name", CODECS)
def test_default_qualities_are_known_to_the_codec_and_rise_in_bytes(name, photograph):
    method = method_by_name(name)
    method.check(3, method.qualities)
    x = photograph[100:260, 100:260]
    sizes = [len(method.trip(x, quality).data) for quality in method.qualities]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    ("name", "package"),
    [("jxl-transcode", "pillow_jxl"), ("mozjpeg-lossless", "mozjpeg_lossless_optimization")],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_repacking_keeps_the_pixels_and_saves_bytes(name, package, channels, photograph):
    pytest.importorskip(package)
    x = photograph[:, :, :channels]
    packed = EXTRA_CODECS[name].encode(x, 50)
    jpeg = CODECS["jpeg-optimized"].encode(x, 50)
    assert len(packed) <= len(jpeg)
    decoded = EXTRA_CODECS[name].decode(packed, channels)
    np.testing.assert_array_equal(decoded, CODECS["jpeg-optimized"].decode(jpeg, channels))


def test_jxl_goes_there_and_back(photograph):
    pytest.importorskip("pillow_jxl")
    trip = method_by_name("jxl").trip(photograph[:65, :64], 90)
    assert trip.x_hat.shape == (65, 64, 3)


def test_an_unknown_method_is_named_with_those_that_exist():
    with pytest.raises(ConfigError, match=r"unknown method 'jpg': .*jpeg-optimized"):
        method_by_name("jpg")


def test_a_codec_refuses_qualities_that_it_does_not_have():
    with pytest.raises(ConfigError, match="webp: quality must be from 0 to 100"):
        method_by_name("webp").check(3, [101])
    with pytest.raises(ConfigError, match="whole number"):
        method_by_name("webp").check(3, [1.5])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("endings", ["{input} {output}", "{input}.ppm {output}.webp"])
def test_an_external_command(channels, endings, photograph):
    x = photograph[:50, :61, :channels]
    trip = external(ENCODER, f"{endings} {{quality}}").trip(x, 80)
    assert trip.data.startswith(b"RIFF")
    assert trip.x_hat.shape == x.shape
    assert trip.encode_seconds > 0.0


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit('out of paint')", "exit code 1: out of paint"),
        ("pass", "wrote 0 files"),
        ("import sys; open(sys.argv[2], 'w').write('nothing')", "cannot be read"),
        (ENCODER.replace(".save", ".resize((5, 5)).save"), "another size"),
    ],
)
def test_a_command_that_fails_says_why(script, message, photograph):
    with pytest.raises(MethodError, match=message):
        external(script).trip(photograph[:50, :61], 80)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cjxl {input} {output} -q {quality}", "expected 'NAME=COMMAND"),
        ("x=cjxl {input} {output}", "expected 'NAME=COMMAND"),
        ("x=no-such-program {input} {output} {quality}", "no-such-program"),
        ("x=cat {input}.xcf {output} {quality}", "Pillow writes no .xcf"),
        ("x=cat '{input} {output} {quality}", "quotation"),
    ],
)
def test_a_bad_template_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        ExternalMethod.parse(text)
