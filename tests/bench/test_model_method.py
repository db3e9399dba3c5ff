"""bench measures the files that `compress` writes."""

import pytest

from jaxshrink import Model
from jaxshrink.bench.methods.by_name import method_by_name
from jaxshrink.errors import ConfigError
from jaxshrink.files import markers


@pytest.fixture(scope="module")
def x(photograph):
    return photograph[100:280, 120:300]


def test_a_model_stands_for_what_compress_writes(model_file, x):
    method, model = method_by_name(str(model_file)), Model.load(model_file)
    for quality in (20, 60, 60):
        trip = method.trip(x, quality)
        assert trip.data == model.compress(x, quality=quality).data
        assert trip.x_hat.shape == x.shape
        # As if nothing had been known from the quality before.
        assert trip.encode_seconds > trip.decode_seconds > 0.0


def test_gray_photographs_are_stored_as_compress_does(model_file, gray_photograph):
    x = gray_photograph[:90, :100]
    method = method_by_name(str(model_file))
    method.check(1, method.qualities)
    trip = method.trip(x, 30)
    assert trip.x_hat.shape == x.shape and trip.y_hat.shape[2] == 1
    assert trip.data == Model.load(model_file).compress(x, quality=30).data


@pytest.mark.parametrize(("name", "scale"), [("half", 2), ("full", 1)])
def test_one_scale_is_swept_over_the_learned_tables(name, scale, model_file, x):
    method = method_by_name(f"{model_file}:{name}")
    files = [method.trip(x, quality).data for quality in (10, 80)]
    assert [markers.find(file).scale for file in files] == [scale, scale]
    assert len(files[0]) < len(files[1])
    assert all(markers.find(file) is not None for file in files)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("quarter", "unknown option 'quarter'"),
        ("effort=9", "unknown option"),
        ("refine=3", "do not go together"),
        ("repack", "do not go together"),
        ("half:effort=1", "do not go together"),
    ],
)
def test_options_that_make_no_sense_are_told(options, message, model_file):
    with pytest.raises(ConfigError, match=message):
        method_by_name(f"{model_file}:{options}")


def test_settings_are_part_of_what_a_point_is_known_by(model_file):
    names = ("", ":effort=1", ":half", ":full", ":half:refine=2")
    methods = [method_by_name(f"{model_file}{name}") for name in names]
    assert len({method.identity for method in methods}) == len(names)
    with pytest.raises(ConfigError, match="whole number from 1 to 100"):
        methods[0].check(3, [1.5])
