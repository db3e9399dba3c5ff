"""Files of weights from anybody: refused with one line before anything is built."""

import json

import jax
import numpy as np
import pytest

from configs import quick
from jaxshrink.errors import CheckpointError
from jaxshrink.models import NetworkVariables, create_networks, init_variables
from jaxshrink.models.weights import Weights, load_weights, save_weights


@pytest.fixture(scope="module")
def weights():
    config = quick.get_config()
    config.model.com.features = config.model.rec.features = 4
    config.model.rec.num_layers = 3
    config.loss.rate = 1.0
    networks = create_networks(config.model.to_dict())
    variables = init_variables(networks, jax.random.key(0), jax.random.key(1))
    return Weights("small", {2: json.loads(config.to_json())}, {2: variables}, {})


def with_metadata(data, **changes):
    """The bytes of a file of weights with other metadata; None leaves it out."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = {**header["__metadata__"], **changes}
    header["__metadata__"] = {key: value for key, value in metadata.items() if value is not None}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def with_config(weights, change):
    config = json.loads(json.dumps(weights.configs[2]))
    change(config)
    return with_metadata(save_weights(weights), configs=json.dumps({"2": config}))


def test_a_good_file_is_read(weights, tmp_path):
    (tmp_path / "a").write_bytes(save_weights(weights))
    assert load_weights(str(tmp_path / "a")).digest == weights.digest


NO_TABLES = (None, "", "{", "[]", "5", "[" * 10**5)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("configs", (*NO_TABLES, "{}", '{"2": {}}', '{"2": []}', '{"x": {}}')),
        ("description", NO_TABLES),
        ("sha256", (None, "", "0" * 64, "0" * 10**5)),
        ("format", (None, "2", "")),
        ("name", (None, "x" * 10**5)),
    ],
)
def test_odd_metadata_is_refused(weights, tmp_path, key, values):
    for value in values:
        (tmp_path / "a").write_bytes(with_metadata(save_weights(weights), **{key: value}))
        with pytest.raises(CheckpointError, match="/a: ") as error:
            load_weights(str(tmp_path / "a"))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("net", "field", "value"),
    [
        ("rec", "num_layers", 20_000),
        ("rec", "num_layers", 200),
        ("rec", "num_layers", "3"),
        ("rec", "features", -1),
        ("rec", "features", 10**9),
        ("com", "features", 4.5),
        ("com", "dropout_rate", float("nan")),
        ("com", "nonsense", 1),
    ],
)
def test_sizes_that_cannot_be_are_refused_at_once(
    weights, tmp_path, monkeypatch, net, field, value
):
    monkeypatch.setattr("jaxshrink.models.networks.create_networks", lambda _: pytest.fail("built"))
    data = with_config(weights, lambda config: config["model"][net].update({field: value}))
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(CheckpointError, match=r"fit its config|model"):
        load_weights(str(tmp_path / "a"))


@pytest.mark.parametrize("section", ["model", "codec", "loss"])
def test_a_config_without_what_is_needed_is_refused(weights, tmp_path, section):
    (tmp_path / "a").write_bytes(with_config(weights, lambda config: config.pop(section)))
    with pytest.raises(CheckpointError, match=rf"2\.{section} is missing"):
        load_weights(str(tmp_path / "a"))


def test_numbers_that_are_not_finite_are_refused_though_their_hash_is_right(weights, tmp_path):
    spoiled = jax.tree.map(lambda leaf: np.full_like(leaf, np.nan), weights.variables[2].rec)
    variables = NetworkVariables(weights.variables[2].com, spoiled)
    data = save_weights(Weights("nan", weights.configs, {2: variables}, {}))
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(CheckpointError, match="not finite"):
        load_weights(str(tmp_path / "a"))
