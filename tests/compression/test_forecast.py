"""Few learned files are made, where a plain one tells they will land."""

import pytest

from jaxshrink.compression.candidates import Files
from jaxshrink.compression.closeness import DECIBELS, EYE, margin
from jaxshrink.compression.forecast import AS_CLOSE, AS_LARGE, forecast
from jaxshrink.compression.model import Model
from jaxshrink.compression.rate_search import search
from jaxshrink.compression.targets import Options, Target
from jaxshrink.compression.ways import PLAIN_JPEG, Way
from jaxshrink.shipped.index import DEFAULT_MODEL


@pytest.fixture(scope="module")
def model():
    return Model.load(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def files(model, photograph):
    return Files(model, photograph[40:300, 60:380])


@pytest.mark.parametrize(("effort", "most"), [(1, 2), (2, 3)])
@pytest.mark.parametrize("quality", [40, 75, 90])
def test_few_learned_files_are_made(model, files, effort, most, quality):
    found = search(
        model,
        files.x,
        Target(jpeg_quality=quality),
        Options((Way(1), PLAIN_JPEG), effort),
        files,
    )
    assert found.way == Way(1)
    assert 1 <= files.num_learned <= most


@pytest.mark.parametrize("quality", [40, 75, 90])
def test_a_forecast_is_not_far_off(files, quality):
    plain = files.get(PLAIN_JPEG, quality)
    way = Way(1)
    landing = forecast(plain, way, EYE, AS_CLOSE)
    as_close = files.get(way, round(landing.quality * way.steps_per_quality))
    assert abs(margin(as_close, EYE.floors(plain))) < 12
    landing = forecast(plain, way, EYE, AS_LARGE)
    as_large = files.get(way, round(landing.quality * way.steps_per_quality))
    assert len(as_large) == pytest.approx(len(plain), rel=0.2)


def test_it_stays_within_what_there_is(model, photograph):
    flat = Files(model, photograph[:40, :40] * 0)
    for rule in (EYE, DECIBELS):
        small = flat if rule == DECIBELS else Files(model, photograph[:200, :200] * 0)
        for what in (AS_CLOSE, AS_LARGE):
            landing = forecast(small.get(PLAIN_JPEG, 1), Way(2), rule, what)
            assert 1 <= landing.quality <= 100
            assert landing.levels_per_quality > 0 and landing.bytes_per_quality > 0
