"""How is the home kept in order? Logs packed, old reports removed, snapshots copied, all copies
checked."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from builtin_worker.action import ActionContext, ActionProgress, ActionRequest, ActionResult
from builtin_worker.archive import Archive, only_one
from builtin_worker.idempotency import FinishedActions
from builtin_worker.pruning import prune_archive, prune_reports
from builtin_worker.rotated_logs import archive_logs
from builtin_worker.snapshot_copies import archive_snapshots
from builtin_worker.tally import ActionTally
from builtin_worker.thread import in_thread
from builtin_worker.verification import verify

ARCHIVE: Final = Path("archive")
MAX_DAYS: Final = 36_500


async def maintain_logs(
    job: ActionRequest, place: ActionContext, progress: ActionProgress
) -> ActionResult:
    """Keep reports for `keep_days` (14), archived logs for `keep_archive_days` (90), and the last
    `keep_snapshots` (24) of each snapshot.

    What people govern the swarm with is never touched; see `protected.py`.
    """
    keep_days = job.integer_argument("keep_days", default=14, min_value=1, max_value=MAX_DAYS)
    archive_days = job.integer_argument(
        "keep_archive_days", default=90, min_value=1, max_value=MAX_DAYS
    )
    snapshots = job.integer_argument("keep_snapshots", default=24, min_value=1, max_value=10_000)
    home, now = place.home, place.clock()
    with only_one(home):
        archive = await in_thread(lambda _: Archive(home / ARCHIVE))
        # First: what is damaged must be known before anything is taken away.
        await progress(0.0, "checking the archive")
        checked = await in_thread(lambda halt: verify(archive, now=now, halt=halt))
        await progress(0.3, "packing logs")
        logs = await in_thread(lambda halt: archive_logs(archive, home=home, now=now, halt=halt))
        await progress(0.6, "copying snapshots")
        copied = await archive_snapshots(archive, bus=place.bus, now=now)
        await progress(0.8, "removing what is old")
        reports = await in_thread(
            lambda halt: prune_reports(home=home, keep_days=keep_days, now=now, halt=halt)
        )
        pruned = await in_thread(
            lambda _: prune_archive(
                archive, keep_days=archive_days, keep_snapshots=snapshots, now=now
            )
        )
        await in_thread(lambda _: FinishedActions(home).forget_old(now=now))
    return _result_of([logs, reports, copied, pruned, checked])


def _result_of(tallies: list[ActionTally]) -> ActionResult:
    concerns = [concern for tally in tallies for concern in tally.concerns]
    parts = ["# Maintenance\n"]
    if concerns:
        listed = "\n".join(f"- {concern}" for concern in concerns)
        parts.append(f"## To look at\n\n{listed}\n")
    parts += [tally.section.markdown for tally in tallies]
    return ActionResult.within_limits(
        "\n".join(parts),
        changed_files=[path for tally in tallies for path in tally.changed_files],
        notes=concerns or ["nothing to look at"],
    )
