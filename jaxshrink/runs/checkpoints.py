"""Saving and restoring a state with its config, through orbax.

Arrays are saved as the host sees them, so what one number of devices wrote any other reads.
A checksum of them and of what is told beside them goes along: a flipped byte in the files is
noticed, and the step before is used.
"""

import contextlib
import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from jaxshrink.documents import DocumentError, integer, record, text
from jaxshrink.errors import CheckpointError, DataError, JaxshrinkError

_log = logging.getLogger(__name__)
_ROOM = 1.25  # times the bytes of the arrays: for what orbax writes around them
_MORE_ROOM = 2**20

_DIGEST = "digest"  # of arrays and info
_OLD_DIGEST = "checksum"  # of arrays alone: of files before there was the other
_INFO = record({"step": integer(0, 2**62)}, {_DIGEST: text(64), _OLD_DIGEST: text(64)})


class CheckpointStore:
    """The newest checkpoints of one kind, in one folder, one subfolder per step.

    Args:
      folder: is made where needed.
      max_to_keep: older checkpoints are deleted once a newer one is complete.
    """

    def __init__(self, folder: Path, max_to_keep: int) -> None:
        self._folder = folder
        self._manager = ocp.CheckpointManager(
            folder.absolute(),
            options=ocp.CheckpointManagerOptions(
                max_to_keep=max_to_keep,
                create=True,
                # Two stores may save at once; their processes must not meet at one barrier.
                multiprocessing_options=ocp.options.MultiprocessingOptions(
                    barrier_sync_key_prefix=folder.name
                ),
            ),
        )

    def save(self, step: int, state: Any, info: dict[str, Any]) -> None:
        """Saves in the background; on a cluster, every process must call this.

        Args:
          step: a step that is already there is left as it is.
          state: any tree of arrays that are whole on this process.
          info: anything JSON can hold: the config, the metrics.

        Raises:
          CheckpointError: if there is a later step, see `delete_after`.
          DataError: if it cannot be written; perhaps only by a later call, or by `wait`.
        """
        # Copies: the devices may reuse the state's memory while it is being written.
        arrays = {
            key: np.array(leaf)
            for key, leaf in zip(_keys(state), jax.tree.leaves(state), strict=True)
        }
        self._check_room(sum(array.nbytes for array in arrays.values()))
        told = {**info, "step": step}
        with self._saving():
            saved = self._manager.save(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardSave(arrays),
                    info=ocp.args.JsonSave({**told, _DIGEST: _checksum(arrays, told)}),
                ),
            )
        if not saved and step not in self._manager.all_steps():
            raise CheckpointError(f"{self._folder}: step {step} was not saved")

    def check_writable(self) -> None:
        """Raises DataError if nothing can be saved here: orbax would wait for ever."""
        try:
            with tempfile.TemporaryDirectory(dir=self._folder):
                pass
        except OSError as error:
            raise DataError(f"{self._folder}: cannot be written ({error.strerror})") from None

    def _check_room(self, num_bytes: int) -> None:
        """Raises DataError if a disk is too full: of half a checkpoint, orbax tells too much."""
        needed = int(_ROOM * num_bytes) + _MORE_ROOM
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise DataError(
                f"{self._folder}: the disk is full, {free} bytes are free and a checkpoint"
                f" takes {needed}; with room, the same command continues"
            )

    @contextlib.contextmanager
    def _saving(self) -> Iterator[None]:
        """Turns what orbax raises, errors of many kinds, into one of ours."""
        try:
            yield
        except JaxshrinkError:
            raise
        except Exception as error:
            reason = str(error).strip().split("\n", 1)[0][:200] or type(error).__name__
            raise DataError(f"{self._folder}: the checkpoint cannot be saved ({reason})") from None

    def delete_after(self, step: int) -> None:
        """Deletes what a run that goes on from `step` will save again."""
        for later in self._manager.all_steps():
            if later > step:
                self._manager.delete(later)

    def restore(self, template: Any) -> tuple[Any, dict[str, Any]] | None:
        """Returns the newest state that is whole, and its info; None if nothing was saved.

        Newer ones, which are damaged, are deleted.

        Args:
          template: a tree of the same structure, of arrays or `jax.ShapeDtypeStruct`s.

        Raises:
          CheckpointError: if there are checkpoints, but none is whole and fits the template.
        """
        self.wait()
        failures = []
        for step in sorted(self._manager.all_steps(), reverse=True):
            try:
                restored = self._restore_step(step, template)
            # Orbax and tensorstore raise errors of many kinds on damaged files.
            except Exception as error:
                reason = str(error).split("\n", 1)[0][:200]
                failures.append(f"step {step}: {reason}")
                _log.warning("%s: checkpoint cannot be used, %s", self._folder, failures[-1])
            else:
                self.delete_after(step)
                return restored
        if failures:
            raise CheckpointError(f"{self._folder}: no usable checkpoint; {'; '.join(failures)}")
        return None

    def _restore_step(self, step: int, template: Any) -> tuple[Any, dict[str, Any]]:
        leaves = dict(zip(_keys(template), jax.tree.leaves(template), strict=True))
        restored = self._manager.restore(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardRestore(
                    {key: np.empty(leaf.shape, leaf.dtype) for key, leaf in leaves.items()}
                ),
                info=ocp.args.JsonRestore(),
            ),
        )
        arrays = {key: np.asarray(value) for key, value in restored["state"].items()}
        for key, leaf in leaves.items():
            if (arrays[key].shape, arrays[key].dtype) != (leaf.shape, leaf.dtype):
                raise CheckpointError(f"{key} has shape {arrays[key].shape}, not {leaf.shape}")
        info = _checked(restored["info"], step, arrays)
        return jax.tree.unflatten(jax.tree.structure(template), map(arrays.get, leaves)), info

    def wait(self) -> None:
        """Returns when everything is on disk; raises DataError if it cannot be."""
        with self._saving():
            self._manager.wait_until_finished()

    def close(self) -> None:
        self.wait()
        with self._saving():
            self._manager.close()


def _keys(tree: Any) -> list[str]:
    """One key per leaf, in the order of the leaves."""
    paths = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in paths]


def _checked(info: Any, step: int, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Raises CheckpointError if arrays or info are not what was saved."""
    try:
        _INFO(info, "info")
    except DocumentError as error:
        raise CheckpointError(f"damaged ({error})") from None
    told = {key: value for key, value in info.items() if key not in (_DIGEST, _OLD_DIGEST)}
    if _DIGEST in info:
        fits = info[_DIGEST] == _checksum(arrays, told)
    else:
        fits = info.get(_OLD_DIGEST) == _checksum(arrays)
    if not fits or info["step"] != step:
        raise CheckpointError("its checksum is another: the files are damaged")
    return info


def _checksum(arrays: Mapping[str, np.ndarray], told: Any = None) -> str:
    digest = hashlib.sha256()
    for key, array in sorted(arrays.items()):
        digest.update(f"{key} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    if told is not None:
        digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()
