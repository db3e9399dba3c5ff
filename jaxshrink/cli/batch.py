"""Many files one after the other or at once: what is done goes on after what fails."""

import contextlib
import dataclasses
import logging
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Literal

from jaxshrink import console
from jaxshrink.atomic import unfinished, write_whole
from jaxshrink.cli.paths import Job, Plan, exists, same_name
from jaxshrink.cli.report import Report
from jaxshrink.errors import INTERRUPTED, DataError, JaxshrinkError

_log = logging.getLogger(__name__)

Kind = Literal["stored", "kept", "passed"]


@dataclasses.dataclass(frozen=True)
class Output:
    """What became of one file. Names, sizes and notes are told here, once for all commands.

    Attributes:
      data: the bytes to be written.
      num_before: bytes of the input.
      text: what to tell a person of it, after "IN -> OUT: ".
      record: what to tell a program beside what is told of every file, JSON.
      kind: "stored": what the command makes of a photograph; "kept": the photograph itself, of
        which it can make nothing better; "passed": the input, which is none for this command.
      notes: what was done that the photograph's owner may want to know, one line each.
      suffix: the result's, where that of the job does not fit its bytes.
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
      loudness: "normal" names what is stored and what a person may think was; "verbose" names
        everything; "quiet" only what failed.
      dry_run: whether nothing is written.
      keep_existing: "skip" leaves out inputs whose output is there, "refuse" fails on them,
        "replace" writes it anew.
    """

    num_jobs: int = 1
    as_json: bool = False
    loudness: Literal["quiet", "normal", "verbose"] = "normal"
    dry_run: bool = False
    keep_existing: Literal["replace", "skip", "refuse"] = "replace"


_Done = tuple[Output, Path | None]  # with the target


class BatchError(JaxshrinkError):
    """Some files failed; the exit code is that of the first. The message is fit to be printed."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def run_batch(plan: Plan, work: Callable[[Job], Output], manners: Manners) -> None:
    """Does the work of all jobs, writes and tells every result.

    Args:
      plan: what to do.
      work: called with each job; raises JaxshrinkError for what is wrong with a file.
      manners: what is told and written, and how much at once.

    Raises:
      BatchError: if some failed, when all others are done; lists them.
      BrokenPipeError: if the reader of a result on standard output went away.
      KeyboardInterrupt: when nothing runs any more; says how far it came.
    """
    names = _Names(plan)
    failures = [(-1, name, error) for name, error in plan.failed]
    to_stderr = any(job.target is None for job in plan.jobs)  # where results go to the other
    with Report(manners.as_json, manners.loudness, len(plan.jobs), to_stderr) as report:
        for left in plan.left_out:
            report.left_out(left)
        for name, error in plan.failed:
            report.failed(name, error)
        jobs = [job for job in plan.jobs if not _is_done(job, names, manners, report)]
        num_done = 0
        try:
            for index, future in _run(jobs, work, names, manners):
                failure = _tell(jobs[index], future, names, report)
                if failure is not None:
                    failures.append((index, jobs[index].name, failure))
                num_done += 1
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f" after {num_done} of {len(jobs)} files") from None
        report.totals()
    if failures:
        raise _failure(
            sorted(failures, key=lambda failure: failure[0]), len(plan.jobs) + len(plan.failed)
        )


class _Names:
    """Where results go, whose suffix may turn out only when they are there."""

    def __init__(self, plan: Plan) -> None:
        self._lock = threading.Lock()
        targets = (job.target for job in plan.jobs if job.target is not None)
        sources = (job.source for job in plan.jobs if job.source is not None)
        # Nobody else's place, and no photograph's.
        self._taken = {_place(path) for path in (*targets, *sources)}

    def final(self, job: Job, suffix: str | None) -> Path | None:
        """The target of a result with this suffix; None is standard output."""
        if job.target is None or suffix is None or job.exact or job.target.suffix == suffix:
            return job.target
        wanted = job.target.with_suffix(suffix)
        with self._lock:
            if _place(wanted) in self._taken:
                wanted = job.target.with_name(job.target.name + suffix)
            self._taken.add(_place(wanted))
        return wanted

    def earlier(self, job: Job) -> Path | None:
        """What an earlier run may have written: the target, or a photograph that was kept."""
        if job.target is None or exists(job.target):
            return job.target
        if job.source is None or job.exact:
            return None
        kept = job.target.with_suffix(job.source.suffix)
        return kept if _place(kept) not in self._taken and exists(kept) else None


def _place(path: Path) -> str:
    return same_name(Path(os.path.abspath(path)))


def _is_done(job: Job, names: _Names, manners: Manners, report: Report) -> bool:
    if manners.keep_existing != "skip":
        return False
    try:
        there = names.earlier(job)
    except DataError:
        return False  # told when its turn comes
    if job.target is None or there is None or not exists(there):
        return False
    report.skipped(job.name, there)
    return True


def _run(
    jobs: Sequence[Job], work: Callable[[Job], Output], names: _Names, manners: Manners
) -> "Iterator[tuple[int, Future[_Done]]]":
    """Yields the number of every job with what became of it, in order."""

    def do(job: Job) -> _Done:
        if manners.keep_existing != "replace" and job.target is not None and exists(job.target):
            raise DataError(f"{job.target} exists")
        output = work(job)
        target = names.final(job, output.suffix)
        if not manners.dry_run:
            _write(target, output.data, job.source)
        return output, target

    if manners.num_jobs == 1 or len(jobs) == 1:
        for index, job in enumerate(jobs):
            future: Future[_Done] = Future()
            try:
                future.set_result(do(job))
            except Exception as error:
                future.set_exception(error)
            yield index, future
        return
    from concurrent.futures import ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(manners.num_jobs)
    try:
        for index, future in enumerate([pool.submit(do, job) for job in jobs]):
            wait([future])
            yield index, future
    except BaseException:
        with _ending_at_the_next_interrupt():
            pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()


@contextlib.contextmanager
def _ending_at_the_next_interrupt() -> Iterator[None]:
    """While threads finish what they began: whoever interrupts again does not want to wait.

    Python cannot end threads inside of libraries; raising in the main thread would leave them to
    crash while the interpreter is taken down.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        for name in list(unfinished):
            with contextlib.suppress(OSError):
                os.unlink(name)
        os._exit(INTERRUPTED)  # with whatever threads are doing

    before = signal.signal(signal.SIGINT, end)
    told = "ending when the files in work are done; one more interrupt ends at once"
    console.say(told, to_stderr=True)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(
    job: Job, future: "Future[_Done]", names: _Names, report: Report
) -> JaxshrinkError | None:
    """Tells what became of a job; returns what went wrong."""
    error = future.exception()
    if error is None:
        output, target = future.result()
        report.done(
            job.name,
            target,
            output.kind,
            (output.num_before, len(output.data)),
            output.text,
            output.record,
            output.notes,
        )
        return None
    if not isinstance(error, Exception) or (
        isinstance(error, BrokenPipeError) and job.target is None
    ):
        raise error
    failure = _as_ours(error)
    if failure is None:
        _log.debug("%s", job.name, exc_info=error)
        failure = JaxshrinkError(f"unexpected error ({type(error).__name__}: {error})")
    report.failed(job.name, failure)
    return failure


def _as_ours(error: BaseException) -> JaxshrinkError | None:
    """What an error is for a user; None where it is a fault of this program."""
    if isinstance(error, JaxshrinkError):
        return error
    # JAX has an error of its own for memory, which is no MemoryError.
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return DataError("not enough memory for it; a smaller --tile needs less")
    if isinstance(error, OSError):
        return DataError(f"{error.filename or 'a file'}: {error.strerror or error}")
    return None


def _write(target: Path | None, data: bytes, source: Path | None) -> None:
    """Writes a result: through devices and FIFOs, into the file that a link names, or whole.

    Raises:
      DataError: if it cannot be written.
      BrokenPipeError: as `console.deliver`.
    """
    if target is None:
        console.deliver(data)
    elif _is_special(target):
        _write_through(target, data)
    else:
        path = Path(os.path.realpath(target)) if target.is_symlink() else target
        write_whole(path, data, source)


def _is_special(target: Path) -> bool:
    """Whether a name is that of a device, a FIFO or a socket."""
    try:
        mode = os.stat(target).st_mode
    except (OSError, ValueError):
        return False  # not there, or `write_whole` says why not
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write_through(target: Path, data: bytes) -> None:
    try:
        with open(target, "wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
    except OSError as error:
        raise DataError(f"{target}: cannot be written ({error.strerror})") from None


def _failure(failures: Sequence[tuple[int, str, JaxshrinkError]], number: int) -> JaxshrinkError:
    lines = [console.escaped(f"{name}: {error}") for _, name, error in failures]
    code = failures[0][2].exit_code
    if number == 1:
        return BatchError(lines[0], code)
    listed = "".join(f"\n  {line}" for line in lines)
    return BatchError(f"{len(lines)} of {number} files failed:{listed}", code)
