import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink.errors import CheckpointError, DataError
from jaxshrink.models import ComCNN, Networks, RecCNN
from jaxshrink.runs import checkpoints
from jaxshrink.runs.checkpoints import CheckpointStore
from jaxshrink.training import devices
from jaxshrink.training.state import create_optimizer, create_state


def state_of(seed: int, size: int = 500):
    rng = np.random.default_rng(seed)
    return {"a": rng.normal(size=size), "b": {"c": np.int32(seed)}, "d": {}}


@pytest.fixture
def store(tmp_path):
    store = CheckpointStore(tmp_path / "checkpoints", max_to_keep=2)
    yield store
    store.close()


def damage(folder, find):
    """Flips one bit of every large data file of a step."""
    files = [f for f in folder.rglob("*") if f.is_file() and find in str(f.relative_to(folder))]
    assert files
    for file in files:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)


def test_a_state_comes_back_bit_for_bit_with_its_info(store):
    networks = Networks(ComCNN(features=4), RecCNN(features=4, num_layers=3))
    optimizer = create_optimizer(1e-3, 0.9, 0.999, 1e-8, 0.0)
    state = create_state(networks, optimizer, 0)
    store.save(7, devices.replicate(state), {"config": {"seed": 3}})
    restored, info = store.restore(jax.eval_shape(lambda: state))
    assert jax.tree.structure(restored) == jax.tree.structure(state)
    jax.tree.map(np.testing.assert_array_equal, restored, state)
    assert (info["step"], info["config"]) == (7, {"seed": 3})


def test_nothing_saved_is_none(store):
    assert store.restore(state_of(0)) is None


def test_the_newest_is_restored_and_the_oldest_deleted(store, tmp_path):
    for step in (1, 2, 3):
        store.save(step, state_of(step), {})
    assert store.restore(state_of(0))[1]["step"] == 3
    steps = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert steps == {"2", "3"}


# Orbax leaves behind futures that fail, on files that cannot be read.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("part", ["state/d/", "info"])
def test_a_damaged_checkpoint_is_noticed_and_the_one_before_used(store, tmp_path, caplog, part):
    for step in (1, 2):
        store.save(step, state_of(step), {})
    store.wait()
    damage(tmp_path / "checkpoints" / "2", part)
    with caplog.at_level(logging.WARNING):
        restored, info = store.restore(state_of(0))
    assert info["step"] == 1
    jax.tree.map(np.testing.assert_array_equal, restored, state_of(1))
    assert "step 2" in caplog.text
    # What was damaged is saved again.
    store.save(2, state_of(5), {})
    jax.tree.map(np.testing.assert_array_equal, store.restore(state_of(0))[0], state_of(5))


def test_a_step_before_the_newest_is_not_lost_in_silence(store):
    store.save(5, state_of(5), {})
    with pytest.raises(CheckpointError, match="step 3 was not saved"):
        store.save(3, state_of(3), {})
    store.save(5, state_of(6), {})
    jax.tree.map(np.testing.assert_array_equal, store.restore(state_of(0))[0], state_of(5))


def test_a_stray_empty_folder_is_no_checkpoint(store, tmp_path):
    store.save(1, state_of(1), {})
    store.wait()
    (tmp_path / "checkpoints" / "9").mkdir()
    again = CheckpointStore(tmp_path / "checkpoints", max_to_keep=2)
    assert again.restore(state_of(0))[1]["step"] == 1
    again.close()


def test_another_models_state_is_refused(store):
    store.save(1, state_of(1), {})
    with pytest.raises(CheckpointError, match="no usable checkpoint; step 1"):
        store.restore(state_of(0, size=600))


def test_what_one_number_of_devices_wrote_another_reads(store):
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:3]), ("batch",))
    spread = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))
    store.save(1, {"a": jax.device_put(jnp.arange(6.0), spread)}, {})
    restored, _ = store.restore({"a": jax.ShapeDtypeStruct((6,), jnp.float32)})
    np.testing.assert_array_equal(devices.replicate(restored)["a"], np.arange(6.0))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("there", "then"),
    [('"step": 2', '"step": 3'), ('"best_score": 0.9', '"best_score": 9.9'), ('"digest"', '"x"')],
)
def test_one_digit_of_what_is_told_beside_the_arrays_is_noticed(
    store, tmp_path, caplog, there, then
):
    for step in (1, 2):
        store.save(step, state_of(step), {"best_score": 0.9})
    store.wait()
    told = tmp_path / "checkpoints" / "2" / "info" / "metadata"
    assert there in told.read_text()
    told.write_text(told.read_text().replace(there, then))
    assert store.restore(state_of(0))[1]["step"] == 1
    assert "the files are damaged" in caplog.text


def test_a_checkpoint_of_before_its_info_had_a_checksum_is_read(store, monkeypatch):
    arrays = {"a": np.arange(3.0)}
    monkeypatch.setattr(checkpoints, "_DIGEST", "checksum")
    checksum = checkpoints._checksum
    monkeypatch.setattr(checkpoints, "_checksum", lambda a, told=None: checksum(a))
    store.save(1, arrays, {"best_score": 0.5})
    store.wait()
    monkeypatch.undo()
    assert store.restore(arrays)[1]["best_score"] == 0.5


def test_a_full_disk_is_one_line(store, monkeypatch):
    usage = checkpoints.shutil.disk_usage(".")._replace(free=1000)
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match="the disk is full, 1000 bytes are free"):
        store.save(1, state_of(1), {})
    monkeypatch.undo()

    def fail(*_, **__):
        raise ValueError('RESOURCE_EXHAUSTED: Failed writing: "a"\nand more\nlines')

    monkeypatch.setattr(store._manager, "save", fail)
    with pytest.raises(DataError, match=r'cannot be saved \(RESOURCE_EXHAUSTED: .* "a"\)$'):
        store.save(1, state_of(1), {})


def test_a_place_that_cannot_be_written_is_told_before(tmp_path):
    (tmp_path / "latest").touch()
    store = CheckpointStore(tmp_path / "latest", max_to_keep=1)
    with pytest.raises(DataError, match=r"latest: cannot be written \(Not a directory\)"):
        store.check_writable()
    store.close()
