import json

import pytest

from jaxshrink.errors import CheckpointError, DataError
from jaxshrink.runs import workdir

CONFIG = {"seed": 0, "model": {"channels": 3, "com": {"features": 4}}, "data": {"crop": None}}


def test_the_same_config_may_come_back(tmp_path):
    workdir.claim(tmp_path / "run", CONFIG)
    workdir.claim(tmp_path / "run", CONFIG)
    assert workdir.read_config(tmp_path / "run") == CONFIG


def test_another_config_is_refused_and_every_difference_named(tmp_path):
    workdir.claim(tmp_path, CONFIG)
    other = {"seed": 1, "model": {"channels": 3, "com": {"features": 8}}, "new": True}
    with pytest.raises(CheckpointError) as error:
        workdir.claim(tmp_path, other)
    for part in ("seed is 0 there and 1 here", "model.com.features", "data", "new"):
        assert part in str(error.value)
    assert "channels" not in str(error.value)
    assert workdir.read_config(tmp_path) == CONFIG


def test_evaluation_cares_for_the_model_only(tmp_path):
    workdir.claim(tmp_path, CONFIG)
    workdir.check_model(tmp_path, {**CONFIG, "seed": 5})
    with pytest.raises(CheckpointError, match=r"model\.channels is 3 there and 1 here"):
        workdir.check_model(tmp_path, {"model": {**CONFIG["model"], "channels": 1}})


def test_an_empty_or_damaged_workdir_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match="no training run here"):
        workdir.read_config(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json: damaged"):
        workdir.read_config(tmp_path)


def test_json_is_written_whole_and_without_infinities(tmp_path):
    path = tmp_path / "deep" / "a.json"
    workdir.write_json(path, {"a": [1.5, float("inf")], "b": float("nan")})
    assert json.loads(path.read_text()) == {"a": [1.5, None], "b": None}
    with pytest.raises(TypeError):
        workdir.write_json(path, {"a": object()})
    assert json.loads(path.read_text())["a"] == [1.5, None]
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]


@pytest.mark.parametrize("text", ["[]", "5", "\ud800", "[" * 100_000, '{"\\ud800": 1}', "NaN"])
def test_a_config_of_any_shape_is_an_error(tmp_path, text):
    (tmp_path / "config.json").write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(CheckpointError, match=r"config\.json: damaged"):
        workdir.claim(tmp_path, CONFIG)
    with pytest.raises(CheckpointError, match=r"damaged|model is"):
        workdir.check_model(tmp_path, CONFIG)


def test_an_empty_config_is_of_another_model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="model is None there"):
        workdir.check_model(tmp_path, CONFIG)


def test_photographs_that_changed_are_told(tmp_path):
    files = {name: tmp_path / name for name in ("a", "b", "c")}
    for file in files.values():
        file.write_bytes(bytes(200_000))
    run = tmp_path / "run"

    def changed():
        return workdir.photographs_changed(run, {"train": files, "dev": {}})

    assert changed() == [] == changed()
    files["a"].write_bytes(b"x" + bytes(199_999))
    files["b"].write_bytes(bytes(199_999) + b"x")
    files["d"] = files.pop("c")
    assert changed() == ["train/a", "train/b", "train/c", "train/d"]
    (run / "photographs.json").write_text("[]")
    assert changed() == [] == changed()


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        workdir.write_json(tmp_path / "a.json", {})
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
