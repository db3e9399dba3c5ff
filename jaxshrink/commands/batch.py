"""Many files one after the other or at once: what is done goes on after what fails."""

import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Literal

from jaxshrink.commands.paths import Job
from jaxshrink.commands.writing import write_whole
from jaxshrink.errors import DataError, JaxshrinkError

_log = logging.getLogger(__name__)


Kind = Literal["stored", "kept", "passed"]


@dataclasses.dataclass(frozen=True)
class Output:
    """What became of one file. Names, sizes and notes are told here, once for all commands.

    Attributes:
      data: to be written.
      num_before: bytes of the input.
      text: what to tell a person of it, after "IN -> OUT: ".
      record: what to tell a program beside what is told of every file, JSON.
      kind: "stored": what the command makes of a photograph; "kept": the photograph itself, of
        which it can make nothing better; "passed": the input, which is none for this command.
      notes: what was done that the photograph's owner may want to know, one line each.
      suffix: of the result's name, where that of the job does not fit its bytes.
    """

    data: bytes
    num_before: int
    text: str
    record: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    kind: Kind = "stored"
    notes: tuple[str, ...] = ()
    suffix: str | None = None


@dataclasses.dataclass(frozen=True)
class Manners:
    """How results are written and told.

    Attributes:
      num_jobs: files at once.
      as_json: a JSON object per line instead of words.
      dry_run: whether nothing is written.
      keep_existing: "skip" leaves out inputs whose output is there, "refuse" fails on them,
        "replace" writes it anew.
    """

    num_jobs: int = 1
    as_json: bool = False
    dry_run: bool = False
    keep_existing: str = "replace"


class BatchError(JaxshrinkError):
    """Some files failed; the exit code is that of the first."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def run_batch(jobs: Sequence[Job], work: Callable[[Job], Output], manners: Manners) -> None:
    """Does the work of all jobs, writes and tells every result.

    Args:
      jobs: what to do.
      work: called with each; raises JaxshrinkError for what is wrong with a file.
      manners: see there.

    Raises:
      JaxshrinkError: that of a single job.
      BatchError: if some of several failed, when all others are done; lists them.
    """
    if manners.keep_existing == "skip":
        jobs = [job for job in jobs if job.target is None or not job.target.exists()]
    failures: list[tuple[Job, JaxshrinkError]] = []
    with _Progress(len(jobs)) as progress:
        for job, future in _run(jobs, work, manners):
            error = future.exception()
            if error is None:
                progress.tell(_message(job, future.result(), manners), to_stderr=job.target is None)
            elif isinstance(error, JaxshrinkError):
                failures.append((job, error))
            else:
                _log.debug("%s", job.name, exc_info=error)
                text = f"unexpected error ({type(error).__name__}: {error})"
                failures.append((job, JaxshrinkError(text)))
            progress.step()
    if failures:
        raise _failure(failures, len(jobs))


def _run(
    jobs: Sequence[Job], work: Callable[[Job], Output], manners: Manners
) -> Iterator[tuple[Job, "Future[Output]"]]:
    """Yields every job with what became of it, as they are done."""

    def do(job: Job) -> Output:
        if manners.keep_existing == "refuse" and job.target is not None and job.target.exists():
            raise DataError(f"{job.target} exists")
        output = work(job)
        if not manners.dry_run:
            _write(_target(job, output), output.data, job.source)
        return output

    if manners.num_jobs == 1 or len(jobs) == 1:
        for job in jobs:
            future: Future[Output] = Future()
            try:
                future.set_result(do(job))
            except Exception as error:
                future.set_exception(error)
            yield job, future
        return
    pool = ThreadPoolExecutor(manners.num_jobs)
    try:
        futures = {pool.submit(do, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _target(job: Job, output: Output) -> Path | None:
    if job.target is None or output.suffix is None or job.exact:
        return job.target
    return job.target.with_suffix(output.suffix)


def _write(target: Path | None, data: bytes, source: Path | None) -> None:
    if target is not None:
        write_whole(target, data, source)
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _message(job: Job, output: Output, manners: Manners) -> str:
    target = _target(job, output)
    if not manners.as_json:
        name = target or "standard output"
        return "; ".join([f"{job.name} -> {name}: {output.text}", *output.notes])
    shared = {
        "input": job.name,
        "output": None if target is None else str(target),
        "status": output.kind,
        "bytes_before": output.num_before,
        "bytes_after": len(output.data),
    }
    return json.dumps({**shared, **output.record, "notes": output.notes})


def _failure(failures: Sequence[tuple[Job, JaxshrinkError]], number: int) -> JaxshrinkError:
    job, error = failures[0]
    if number == 1:
        return BatchError(f"{job.name}: {error}", error.exit_code)
    lines = [f"\n  {job.name}: {error}" for job, error in failures]
    return BatchError(f"{len(failures)} of {number} files failed:{''.join(lines)}", error.exit_code)


class _Progress:
    """A bar for several files, where somebody looks at it."""

    def __init__(self, number: int) -> None:
        self._bar: Any = None
        if number > 1 and sys.stderr.isatty():
            import tqdm

            self._bar = tqdm.tqdm(total=number, unit="file")

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def step(self) -> None:
        if self._bar is not None:
            self._bar.update()

    def tell(self, line: str, *, to_stderr: bool) -> None:
        """Prints a line; where results go to standard output, beside it."""
        stream = sys.stderr if to_stderr else sys.stdout
        if self._bar is not None:
            self._bar.clear()
        print(line, file=stream, flush=True)
        if self._bar is not None:
            self._bar.refresh()
