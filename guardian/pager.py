"""How is a person called? A line on ERROR, and a webhook where one is set.

It follows the decision: a page is on the log as a `RecoveryAttempted`, and a durable consumer hands
it over until it was delivered. So none is lost, whoever is killed when; it is sent again only where
this process or NATS dies between the webhook's answer and the acknowledgement, and then under the
same `Idempotency-Key`.
"""

from __future__ import annotations

from typing import Final

import aiohttp
import structlog

from enchanted.events.v1.incident_pb2 import RecoveryAttempted
from guardian.playbooks import PAGE
from nervous_system.contract.event import RecordedEvent
from nervous_system.errors import Permanent, Unavailable
from nervous_system.names import EVENTS

_log = structlog.get_logger()

DURABLE: Final = "guardian_pages"
PAGER: Final = f"{EVENTS}.incident.recovery_attempted.*"
WEBHOOK_SECONDS: Final = 10.0
_LATER: Final = frozenset({408, 425, 429})
"""Refusals that are not for ever."""


class Pager:
    """Handles what a durable consumer delivers."""

    def __init__(self, *, webhook_url: str | None, within_seconds: float) -> None:
        self._webhook_url = webhook_url
        self._within_seconds = within_seconds
        self._logged_ids: set[str] = set()

    async def handle(self, recorded: RecordedEvent) -> None:
        """Call a person, if that is what was decided.

        Raises Unavailable where the webhook may answer later, Permanent where it never will.
        """
        event, attempted = recorded.event, recorded.event.payload
        if not isinstance(attempted, RecoveryAttempted) or attempted.step != PAGE:
            return
        if recorded.is_history:
            return  # it was sent, or given up, in its own time
        # Both by the stream's clock: what caused it, and when it was decided.
        if (recorded.recorded_at - event.timestamp).total_seconds() > self._within_seconds:
            _log.warning("page.stale", incident=attempted.incident_id, message=attempted.detail)
            return
        if event.event_id not in self._logged_ids:
            self._logged_ids.add(event.event_id)
            _log.error(
                "page.raised",
                incident=attempted.incident_id,
                message=attempted.detail,
                remedy="see `ganglion incidents`",
            )
        if self._webhook_url is not None:
            await self._send(self._webhook_url, recorded, attempted)

    async def _send(self, url: str, recorded: RecordedEvent, attempted: RecoveryAttempted) -> None:
        event = recorded.event
        document = {
            "text": attempted.detail,
            "incident_id": attempted.incident_id,
            "attempt": attempted.attempt,
            "event_id": event.event_id,
            "sequence": recorded.sequence,
            "trace_id": event.trace_id,
            "recorded_at": recorded.recorded_at.isoformat(),
        }
        timeout = aiohttp.ClientTimeout(total=WEBHOOK_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    url, json=document, headers={"Idempotency-Key": event.event_id}
                ) as answer,
            ):
                status = answer.status
        except (aiohttp.InvalidURL, ValueError) as error:
            raise Permanent(f"the webhook is not an address: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("page.failed", incident=attempted.incident_id, reason=str(error))
            raise Unavailable(f"the webhook does not answer: {error}") from error
        if status >= 500 or status in _LATER:
            _log.warning("page.failed", incident=attempted.incident_id, reason=f"status {status}")
            raise Unavailable(f"the webhook answered {status}")
        if status >= 400:
            raise Permanent(f"the webhook refused the page with {status}")
        _log.info("page.delivered", incident=attempted.incident_id, event_id=event.event_id)
