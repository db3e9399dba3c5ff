"""Saving and restoring a state with its config, through orbax.

Arrays are saved as the host sees them, so what one number of devices wrote any other reads.
A checksum goes with them: a flipped byte in the files is noticed, and the step before is used.
"""

import hashlib
import logging
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from jaxshrink.errors import CheckpointError

_log = logging.getLogger(__name__)


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
        """
        # Copies: the devices may reuse the state's memory while it is being written.
        arrays = {
            key: np.array(leaf)
            for key, leaf in zip(_keys(state), jax.tree.leaves(state), strict=True)
        }
        saved = self._manager.save(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardSave(arrays),
                info=ocp.args.JsonSave({**info, "step": step, "checksum": _checksum(arrays)}),
            ),
        )
        if not saved and step not in self._manager.all_steps():
            raise CheckpointError(f"{self._folder}: step {step} was not saved")

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
        info = restored["info"]
        if info["checksum"] != _checksum(arrays):
            raise CheckpointError("the checksum of its arrays differs: the files are damaged")
        return jax.tree.unflatten(jax.tree.structure(template), map(arrays.get, leaves)), info

    def wait(self) -> None:
        """Returns when everything is on disk."""
        self._manager.wait_until_finished()

    def close(self) -> None:
        self.wait()
        self._manager.close()


def _keys(tree: Any) -> list[str]:
    """One key per leaf, in the order of the leaves."""
    paths = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in paths]


def _checksum(arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for key, array in sorted(arrays.items()):
        digest.update(f"{key} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
