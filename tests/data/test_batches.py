import logging
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from jaxshrink.data import BatchSampler, open_cohort, prefetch
from jaxshrink.errors import DataError


@pytest.fixture
def folder(tmp_path, photograph):
    """Seven crops of a photograph, each marked by its index in the first pixel."""
    for index in range(7):
        crop = photograph[50 * index : 50 * index + 40, :60].copy()
        crop[0, 0] = index
        Image.fromarray(crop).save(tmp_path / f"{index}.png")
    return tmp_path


@pytest.fixture(params=["in memory", "streamed"])
def cohort(request, folder, pool):
    limit = 2**31 if request.param == "in memory" else 0
    cohort = open_cohort(str(folder), pool, memory_limit=limit)
    assert (cohort.decoded is None) == (request.param == "streamed")
    return cohort


def test_a_cohort_holds_its_images_in_order(cohort, photograph):
    assert len(cohort) == 7
    assert cohort.names == tuple(f"{index}.png" for index in range(7))
    assert set(cohort.sizes) == {(40, 60)}
    for index in range(7):
        np.testing.assert_array_equal(cohort[index][1:], photograph[50 * index + 1 :][:39, :60])


def test_every_epoch_shows_every_image_once(cohort):
    sampler = BatchSampler(cohort, batch_size=3, seed=5)
    shown = [int(image[0, 0, 0]) for step in range(7) for image in sampler.batch(step)]
    epochs = [shown[start : start + 7] for start in (0, 7, 14)]
    assert all(Counter(epoch) == Counter(range(7)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_a_batch_is_a_function_of_seed_and_step(cohort):
    def batch(seed, step):
        return BatchSampler(cohort, batch_size=4, seed=seed, crop=16, flip=True).batch(step)

    np.testing.assert_array_equal(batch(1, 3), batch(1, 3))
    assert batch(1, 3).shape == (4, 16, 16, 3)
    assert (batch(1, 3) != batch(2, 3)).any()
    assert (batch(1, 3) != batch(1, 4)).any()


def test_flips_mirror_some_images_and_leave_others(cohort):
    plain = BatchSampler(cohort, batch_size=7, seed=0).batch(0)
    flipped = BatchSampler(cohort, batch_size=7, seed=0, flip=True).batch(0)
    mirrored = [(b == a[:, ::-1]).all() for a, b in zip(plain, flipped, strict=True)]
    same = [(b == a).all() for a, b in zip(plain, flipped, strict=True)]
    assert all(m != s for m, s in zip(mirrored, same, strict=True))
    assert any(mirrored)
    assert any(same)


def test_processes_share_a_batch(cohort):
    whole = BatchSampler(cohort, batch_size=6, seed=3, crop=8).batch(2)
    parts = [
        BatchSampler(cohort, 6, seed=3, crop=8, process_index=k, process_count=2).batch(2)
        for k in range(2)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_prefetching_changes_nothing(cohort, pool, depth):
    sampler = BatchSampler(cohort, batch_size=2, seed=0, crop=8)
    batches = list(prefetch(sampler, 3, 9, pool, depth))
    assert len(batches) == 6
    for step, batch in enumerate(batches, start=3):
        np.testing.assert_array_equal(batch, sampler.batch(step))


def test_resizing_makes_images_of_different_sizes_one_batch(folder, pool, photograph):
    Image.fromarray(photograph[:30, :50]).save(folder / "other.png")
    with pytest.raises(DataError, match="differ in size"):
        BatchSampler(open_cohort(str(folder), pool), batch_size=2, seed=0)
    cohort = open_cohort(str(folder), pool, resize=(20, 20))
    assert BatchSampler(cohort, batch_size=8, seed=0).batch(0).shape == (8, 20, 20, 3)


def test_a_crop_larger_than_an_image_is_refused(cohort):
    with pytest.raises(DataError, match=r"0\.png: 60x40 is smaller than the crop, 41"):
        BatchSampler(cohort, batch_size=2, seed=0, crop=41)


@pytest.mark.parametrize("memory_limit", [2**31, 0])
def test_a_bad_file_is_refused_by_name(folder, pool, memory_limit):
    (folder / "3.png").write_bytes((folder / "3.png").read_bytes()[:200])
    with pytest.raises(DataError, match=r"3\.png: broken or truncated.*on_bad_file='skip'"):
        open_cohort(str(folder), pool, memory_limit=memory_limit)


@pytest.mark.parametrize(("memory_limit", "verify"), [(2**31, False), (0, False), (0, True)])
def test_a_bad_file_is_skipped_by_name(folder, pool, caplog, memory_limit, verify):
    (folder / "3.png").write_bytes((folder / "3.png").read_bytes()[:200])
    (folder / "4.png").write_bytes(b"nothing")
    with caplog.at_level(logging.WARNING):
        cohort = open_cohort(
            str(folder), pool, memory_limit=memory_limit, on_bad_file="skip", verify=verify
        )
        shown = {
            int(image[0, 0, 0])
            for step in range(8)
            for image in BatchSampler(cohort, batch_size=2, seed=0).batch(step)
        }
    assert shown == {0, 1, 2, 5, 6}
    for name in ("3.png", "4.png"):
        assert any(name in record.message for record in caplog.records)


def test_a_folder_of_bad_files_is_an_error_even_when_skipping(tmp_path, pool):
    (tmp_path / "a.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match="none of the 1 images"):
        open_cohort(str(tmp_path), pool, on_bad_file="skip")


def test_names_are_paths_where_two_files_share_one(tmp_path, pool, photograph):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(photograph[:8, :8]).save(tmp_path / name / "x.png")
    names = open_cohort(str(tmp_path), pool).names
    assert len(set(names)) == 2
    assert all(name.endswith("x.png") for name in names)
