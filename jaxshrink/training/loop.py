"""Training from start, or resumption, to end."""

import json
import logging
import math
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils

from jaxshrink.codecs import (
    JPEG_TABLES,
    codec_by_name,
    jpeg_round_trip_batch,
    round_trip_batch,
)
from jaxshrink.data import BatchSampler, Cohort, prefetch
from jaxshrink.documents import DocumentError, number, optional, record
from jaxshrink.errors import (
    CheckpointError,
    ConfigError,
    DivergenceError,
    GoalNotReachedError,
    InterruptedRunError,
)
from jaxshrink.evaluation.measure import MeasuredImage, measure_model
from jaxshrink.evaluation.metrics import image_scores
from jaxshrink.evaluation.paper_table import summarize
from jaxshrink.evaluation.triptychs import save_triptych
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.models import Networks, NetworkVariables, create_networks, lmbda_of_quality
from jaxshrink.models.vgg import load_vgg
from jaxshrink.models.weights import load_variables
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE
from jaxshrink.runs import workdir as workdirs
from jaxshrink.runs.config import check_config
from jaxshrink.runs.restore import codec_of, create_pipeline, open_cohort_of
from jaxshrink.runs.schema import Config
from jaxshrink.training import devices
from jaxshrink.training.interrupt import StopRequest
from jaxshrink.training.log import RunLog
from jaxshrink.training.objective import objective_of
from jaxshrink.training.schedules import SCHEDULES
from jaxshrink.training.state import (
    TrainState,
    create_optimizer,
    create_state,
    initial_variables,
)
from jaxshrink.training.steps import Setup, create_steps

_log = logging.getLogger(__name__)
# Purpose of a random stream that the seed is split into; see also `data/batches.py`.
_QUALITY_STREAM = 2
_SHOWN = 3  # photographs that a message names
_INFO = record({"best_score": optional(number())})


def train(config: Config, workdir: Path) -> None:
    """Trains in `workdir`, or goes on where a run with the same config stopped there.

    Args:
      config: a config of this project, e.g. `configs/paper.py`.
      workdir: gets config.json, metrics.jsonl, tensorboard/, triptychs/ and checkpoints/.

    Raises:
      InterruptedRunError: after SIGINT or SIGTERM, with the state saved.
      GoalNotReachedError: at the end, if the config has a goal.
      CheckpointError: if the folder holds another run, or a damaged one.
      ConfigError: if the config cannot work.
      DataError: if a photograph cannot be read, or nothing can be written.
      DivergenceError: if a loss or a parameter is not finite.
    """
    check_config(config)
    devices.check_batch_size(config.batch_size)
    num_threads = os.cpu_count() or 1
    with ThreadPoolExecutor(num_threads) as loader, ThreadPoolExecutor(num_threads) as coder:
        sampler = BatchSampler(
            open_cohort_of(config, "train", loader),
            batch_size=config.batch_size,
            seed=config.seed,
            crop=config.data.crop,
            flip=config.data.flip,
            process_index=jax.process_index(),
            process_count=jax.process_count(),
        )
        dev = open_cohort_of(config, "dev", loader)
        goal = config.evaluation.goal_ms_ssim
        if goal and min(min(size) for size in dev.sizes) < MS_SSIM_MIN_SIDE:
            raise ConfigError(f"evaluation.goal_ms_ssim={goal}: a development image is too small")
        num_steps = _num_steps(config, sampler)
        if config.cosine_decay and config.warmup_steps >= num_steps:
            raise ConfigError(
                f"warmup_steps={config.warmup_steps}: must be less than the {num_steps} steps"
            )
        # What does not fit is refused before anything is written.
        _start(config, create_networks(config.model.to_dict()))
        objective_of(config)
        workdirs.claim(workdir, json.loads(config.to_json()), write=jax.process_index() == 0)
        _tell_changed_photographs(workdir, {"train": sampler.cohort, "dev": dev})
        run = _Run(config, workdir, sampler, dev, coder)
        try:
            run.loop(loader, prefetch_depth=min(num_threads, 8))
        finally:
            run.close()
    outcome = f"best development MS-SSIM {run.best_score:.4f}, the goal is {goal}"
    if goal and run.best_score < goal:
        raise GoalNotReachedError(f"goal not reached: {outcome}")
    if goal:
        _log.info("goal reached: %s", outcome)


def _tell_changed_photographs(workdir: Path, cohorts: Mapping[str, Cohort]) -> None:
    files = {
        name: dict(zip(cohort.names, cohort.paths, strict=True)) for name, cohort in cohorts.items()
    }
    changed = workdirs.photographs_changed(workdir, files, write=jax.process_index() == 0)
    if changed:
        some = ", ".join(changed[:_SHOWN]) + (", ..." if len(changed) > _SHOWN else "")
        _log.warning(
            "%d photographs changed since this run began (%s): what it goes on to is not what an"
            " unbroken run would be",
            len(changed),
            some,
        )


class _Run:
    """One run: what `train` has opened, and the state."""

    def __init__(
        self,
        config: Config,
        workdir: Path,
        sampler: BatchSampler,
        dev: Cohort,
        coder: Executor,
    ) -> None:
        self._config = config
        self._workdir = workdir
        self._sampler = sampler
        self._dev = dev
        self._coder = coder
        self._main = jax.process_index() == 0
        self._networks: Networks = create_networks(config.model.to_dict(), config.compute_dtype)
        self.num_steps = _num_steps(config, sampler)
        optimizer = create_optimizer(
            config.learning_rate,
            config.b1,
            config.b2,
            config.epsilon,
            config.l2,
            warmup_steps=config.warmup_steps,
            decay_steps=self.num_steps if config.cosine_decay else 0,
            clip_norm=config.clip_norm,
        )
        setup = Setup(
            self._networks, optimizer, config.seed, objective_of(config), config.average_decay
        )
        self._steps = devices.map_over_devices(create_steps(setup))
        self._latest = workdirs.latest_checkpoints(workdir)
        self._best = workdirs.best_checkpoints(workdir)
        for store in (self._latest, self._best):
            store.check_writable()
        state = create_state(
            self._networks,
            optimizer,
            config.seed,
            averaged=config.average_decay > 0,
            start=_start(config, self._networks),
        )
        self.start, self.best_score = 0, -np.inf
        restored = self._latest.restore(state)
        if restored is not None:
            state, info = restored
            self.start, self.best_score = info["step"], _best_score(info)
            self._best.delete_after(self.start)
            _log.info("resuming at step %d of %d", self.start, self.num_steps)
        self.state: TrainState = devices.replicate(state)
        self._run_log = RunLog(
            workdir, self.start, self.num_steps, config.batch_size, active=self._main
        )

    def loop(self, loader: Executor, prefetch_depth: int) -> None:
        """Takes all steps that are left."""
        config = self._config
        advance = SCHEDULES[config.schedule]

        def round_trip(y: np.ndarray, tables: np.ndarray) -> np.ndarray:
            if config.codec.name == JPEG_TABLES:
                subsampling = config.codec.subsampling
                return jpeg_round_trip_batch(y, tables, subsampling, self._coder)
            codec = codec_by_name(config.codec.name)
            return round_trip_batch(y, codec, config.codec.quality, self._coder)

        def due(step: int, every: int) -> bool:
            return step % every == 0 or step == self.num_steps

        batches = prefetch(self._sampler, self.start, self.num_steps, loader, prefetch_depth)
        with StopRequest() as stop:
            for step, batch in enumerate(batches, start=self.start + 1):
                x, quality = devices.shard(batch), devices.shard(self._draw_qualities(step))
                self.state, metrics = advance(self._steps, round_trip, self.state, x, quality)
                self._run_log.add(step, metrics)
                evaluate = due(step, config.evaluation.every_steps)
                save = due(step, config.checkpoints.every_steps)
                # On a cluster, the processes agree on stopping when they log.
                log = due(step, config.logging.every_steps)
                stopping = stop.agreed() if log or jax.process_count() == 1 else False
                if log:
                    self._run_log.flush(step)
                if evaluate or save or stopping:
                    self._run_log.check()
                if evaluate:
                    self._evaluate(step)
                if save or stopping:
                    self._save(step)
                if stopping:
                    self._latest.wait()
                    raise InterruptedRunError(
                        f"interrupted after step {step} of {self.num_steps}; "
                        "the same command continues"
                    )

    def _draw_qualities(self, step: int) -> np.ndarray:
        """The codec's quality for every image of our part of a batch, float32."""
        config = self._config
        num_images = config.batch_size // jax.process_count()
        if not config.codec.qualities:
            return np.full(num_images, config.codec.quality, np.float32)
        rng = np.random.default_rng((config.seed, _QUALITY_STREAM, step, jax.process_index()))
        lowest, highest = config.codec.qualities
        return rng.uniform(lowest, highest, num_images).astype(np.float32)

    def _evaluate(self, step: int) -> None:
        """Scores the networks on the development set, and saves them if they are the best.

        The score is the mean MS-SSIM, or PSNR if the images are too small for it; where bits
        count, minus the mean of what is minimized in training, over several qualities.
        """
        variables = jax.device_get(self.state.variables)
        score: Any = np.nan
        try:
            if self._main:
                pipeline = create_pipeline(self._config, self._networks, variables)
                if self._config.loss.rate:
                    score = self._measure_dev_costs(step, pipeline)
                else:
                    results = self._measure_dev(step, pipeline, self._config.codec.quality)
                    summary = summarize([result.model for result in results])
                    self._log_dev(step, summary)
                    ms_ssim = summary["ms_ssim"]
                    score = summary["psnr"] if ms_ssim is None else ms_ssim
        finally:
            # The others wait for it, also if it could not be measured.
            if jax.process_count() > 1:
                score = float(multihost_utils.broadcast_one_to_all(np.float32(score)))
        if score > self.best_score:
            self.best_score = score
            self._best.save(step, variables, {"score": score, "config": self._config_json()})

    def _measure_dev(
        self, step: int, pipeline: Pipeline, quality: float
    ) -> Iterator[MeasuredImage]:
        """Yields what becomes of the development set, and saves triptychs of the first images."""
        triptychs = self._config.evaluation.num_triptychs
        codec = codec_of(self._config, pipeline)
        for result in measure_model(pipeline, self._dev, codec, quality, self._coder):
            if result.index < triptychs and quality == self._config.codec.quality:
                stem = self._dev.paths[result.index].stem
                name = f"step_{step:06d}_{result.index:02d}_{stem}.png"
                path = self._workdir / "triptychs" / name
                save_triptych(path, result.x, result.y_hat, result.x_hat)
            yield result

    def _measure_dev_costs(self, step: int, pipeline: Pipeline) -> float:
        """Minus the mean cost over the development set at all qualities."""
        config, objective = self._config, objective_of(self._config)
        costs = []
        for quality in sorted({config.codec.quality, *config.evaluation.qualities}):
            lmbda = float(lmbda_of_quality(jnp.float32(quality)))
            measurements, scores = [], []
            for result in self._measure_dev(step, pipeline, quality):
                measurements.append(result.model)
                costs.append(objective.file_cost(result, lmbda))
                scores += image_scores(result.x[None], result.x_hat[None], ["ssimulacra2"])[
                    "ssimulacra2"
                ]
            summary = {**summarize(measurements), "ssimulacra2": math.fsum(scores) / len(scores)}
            self._log_dev(step, summary, f"q{quality}_")
        score = -math.fsum(costs) / len(costs)
        self._run_log.write(step, {"dev_cost": -score})
        return score

    def _log_dev(self, step: int, summary: dict[str, Any], infix: str = "") -> None:
        values = {k: v for k, v in summary.items() if k != "num_images" and v is not None}
        self._run_log.write(step, {f"dev_{infix}{k}": v for k, v in values.items()})

    def _save(self, step: int) -> None:
        if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(self.state.variables)):
            raise DivergenceError(f"the parameters are not finite after step {step}")
        # The best score must not be on disk before the networks that reached it are.
        self._best.wait()
        best_score = self.best_score if np.isfinite(self.best_score) else None
        info = {"best_score": best_score, "config": self._config_json()}
        self._latest.save(step, self.state, info)

    def _config_json(self) -> Any:
        return json.loads(self._config.to_json())

    def close(self) -> None:
        self._run_log.close()
        self._latest.close()
        self._best.close()


def _start(config: Config, networks: Networks) -> NetworkVariables | None:
    """The variables that a config names to begin with; None: random ones."""
    if config.init:
        return load_variables(config.init, networks)
    if config.features.initialize:
        vgg = load_vgg(config.features.file, tuple(config.features.layers))
        start = initial_variables(networks, config.seed)
        return start._replace(rec=vgg.initialize(start.rec))
    return None


def _num_steps(config: Config, sampler: BatchSampler) -> int:
    return -(-config.num_epochs * len(sampler.cohort) // config.batch_size)


def _best_score(info: Any) -> float:
    """The best score of a checkpoint's info; raises CheckpointError if that holds none."""
    try:
        best_score = _INFO(info, "info")["best_score"]
    except DocumentError as error:
        raise CheckpointError(f"the checkpoint of step {info['step']}: {error}") from None
    return -np.inf if best_score is None else best_score
