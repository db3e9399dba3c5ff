import importlib
import json
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from jaxshrink.models import create_networks
from jaxshrink.runs.schema import Config, Section

REPOSITORY = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (REPOSITORY / "configs").glob("[a-z]*.py"))


def load(name):
    config = importlib.import_module(f"configs.{name}").get_config()
    config.lock()
    return config


def fields(config, prefix="config"):
    for key in config:
        name = f"{prefix}.{key}"
        if hasattr(config[key], "keys"):
            yield from fields(config[key], name)
        else:
            yield name


@pytest.mark.parametrize("name", NAMES)
def test_every_config_states_its_command_and_fits_the_models(name):
    module = importlib.import_module(f"configs.{name}")
    assert f"launch.py --config=configs/{name}.py" in module.__doc__
    config = load(name)
    networks = create_networks(config.model.to_dict(), config.compute_dtype)
    assert networks.com.channels == networks.rec.channels
    json.loads(config.to_json())


@pytest.mark.parametrize("name", [name for name in NAMES if name != "paper"])
def test_variants_have_the_papers_fields(name):
    config = load(name)
    names = set(fields(config)), set(fields(load("paper")))
    if config.model.architecture != "paper":
        names = tuple({n for n in some if not n.startswith("config.model.")} for some in names)
    assert names[0] == names[1]


def test_the_paper_is_followed_to_the_letter():
    config = load("paper")
    assert config.model.com.features == config.model.rec.features == 64
    assert (config.model.rec.num_layers, config.model.rec.batch_norm) == (20, False)
    assert (config.batch_size, config.num_epochs, config.schedule) == (20, 50, "alternating")
    adam = (config.learning_rate, config.b1, config.b2, config.epsilon)
    assert adam == (1e-3, 0.9, 0.999, 1e-8)
    assert config.data.resize == 180
    assert config.data.crop is None
    assert config.range_penalty == 0.0


def test_every_field_is_read():
    package = REPOSITORY / "jaxshrink"
    source = "\n".join(
        path.read_text()
        for path in package.glob("**/*.py")
        if not path.is_relative_to(package / "configs")
    )
    for name in fields(load("paper")):
        if name.startswith("config.model."):
            continue  # handed to the modules as a whole, which refuse what they do not know
        if name == "config.data.root":
            continue  # the cohorts' folders follow it
        if name in ("config.data.train", "config.data.dev", "config.data.test"):
            pattern = rf'COHORTS = .*"{name.rsplit(".", 1)[1]}"'
        else:
            pattern = rf"{name.removeprefix('config.') if name.count('.') > 1 else name}\b"
        assert re.search(pattern, source), f"{name} is never read"


def test_derived_folders_follow_an_override():
    config = load("paper")
    config.data.root = "elsewhere"
    assert (config.data.train, config.data.test) == ("elsewhere/train", "elsewhere/test")


def declared(section, prefix="config"):
    for name, kind in get_type_hints(section).items():
        if Section in getattr(kind, "__mro__", ()):
            yield from declared(kind, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}"


def test_the_schema_declares_the_papers_fields():
    networks = ("config.model.com", "config.model.rec")  # whose fields the modules declare
    found = {name for name in fields(load("paper")) if not name.startswith(networks)}
    assert set(declared(Config)) - set(networks) == found
