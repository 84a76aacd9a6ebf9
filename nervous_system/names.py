"""What is everything called on the wire?

Streams, subjects, buckets, headers, error codes: only here.
"""

from __future__ import annotations

from typing import Final

STREAM: Final = "ENCHANTED_SWARM"
"""The log.

File-backed, limits retention, 30 days.
"""

EVENTS: Final = "swarm.events"
"""Every event's subject is `swarm.events.<source>.<kind>[.<key>]`."""

ALL_EVENTS: Final = f"{EVENTS}.>"

TELEMETRY_STREAM: Final = "SWARM_TELEMETRY"
"""Spans on their way to ClickHouse: bounded, short-lived, and not synced one by one."""

TELEMETRY: Final = "swarm.telemetry"
"""Spans are on `swarm.telemetry.<source>`, one subject for each, so that nobody's spans crowd out
those of others."""

ALL_TELEMETRY: Final = f"{TELEMETRY}.>"

MAX_TELEMETRY_BYTES: Final = 32 * 1024
"""Of one message of spans. The stream refuses larger ones."""

LEASES: Final = "swarm_leases"
"""KV bucket: who leads, one key per `<service>.<scope>`, expiring."""

SNAPSHOTS: Final = "swarm_snapshots"
"""Object Store bucket: folded states with their position, one object per `<service>.<scope>`."""

REQUESTS: Final = "swarm.requests"
"""Whoever leads a service is asked on `swarm.requests.<service>`, by request and reply."""

ASKED_BY_AGENTS: Final = "swarm.asked"
"""Where the server brings what is asked on `swarm.requests.<service>` in an account of an agent's,
with its word of who asked: `swarm.asked.<service>`."""

OVERSEER: Final = "overseer"
"""The service that is asked about objectives and tasks."""

INBOX: Final = "_INBOX"
"""How every subject begins on which somebody waits for a reply; ours go on with `_` and whose it
is."""

LOG_STATE: Final = "swarm.log.state"
"""How the state of the log is asked for from an account that has no JetStream of its own: there the
server takes `$JS.API.STREAM.INFO` for a question about that account."""

LOG_MESSAGE: Final = "swarm.log.message"
"""How one message of the log is asked for from there: `$JS.API.STREAM.MSG.GET`."""

REQUEST_INFO: Final = "Nats-Request-Info"
"""Header: who asks from another account, as JSON with `acc` and `user`. The server writes it, over
whatever was there."""

MAPPED_INBOX: Final = "_R_"
"""How the subject begins on which the server has somebody of another account answered; no client
may name one by himself."""

# Headers of NATS JetStream.
MESSAGE_ID: Final = "Nats-Msg-Id"
EXPECTED_STREAM: Final = "Nats-Expected-Stream"
EXPECTED_LAST_SEQUENCE: Final = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_LAST_SUBJECT: Final = "Nats-Expected-Last-Subject-Sequence-Subject"
EXPECTED_LAST_MESSAGE_ID: Final = "Nats-Expected-Last-Msg-Id"
BATCH_ID: Final = "Nats-Batch-Id"
BATCH_SEQUENCE: Final = "Nats-Batch-Sequence"
BATCH_COMMIT: Final = "Nats-Batch-Commit"

# Headers of W3C Trace Context, lower case because NATS compares header names to the letter.
TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"

# Headers of a signature (contract/signature.py).
KEY_ID: Final = "Ganglion-Key-Id"
NONCE: Final = "Ganglion-Nonce"
ISSUED_AT: Final = "Ganglion-Issued-At"
SIGNATURE: Final = "Ganglion-Signature"

SEAL: Final = "Ganglion-Seal"
"""What services vouch with, among those who have the mesh's key (contract/seal.py)."""

ASK: Final = "Ganglion-Ask"
"""Of a request: a number that is used once, and how its answer is to be vouched for, `seal` or
`signature` (contract/vouching.py)."""

REPUBLISHED_FROM: Final = "Ganglion-Republished-From"
"""`<epoch>/<sequence>` that a message had when it was live: what comes back is history, and nobody
acts on it. Where the mesh has a key, it counts only if that has signed it."""

# Error codes of the JetStream API (`err_code`) that are asked for by name; what each of the others
# means stands in transport/refusals.py.
ERROR_WRONG_LAST_SEQUENCE: Final = 10071
ERROR_WRONG_LAST_SEQUENCE_CONSTANT: Final = 10164
ERROR_WRONG_LAST_MESSAGE_ID: Final = 10070
ERROR_STREAM_FULL: Final = 10077
ERROR_MESSAGE_TOO_LARGE: Final = 10054
ERROR_BATCH_DUPLICATE: Final = 10201
ERROR_BATCH_INCOMPLETE: Final = 10176
"""The server lost the beginning of an atomic batch, as over a reconnect; nothing was stored."""

ERROR_BATCHES_IN_FLIGHT: Final = 10210
"""More atomic batches have begun and not ended than the server keeps at once; one that is cut off
is forgotten after ten seconds."""

ERROR_STREAM_NOT_FOUND: Final = 10059
ERROR_CONSUMER_NOT_FOUND: Final = 10014
ERROR_NOT_ENABLED_FOR_ACCOUNT: Final = 10039
ERROR_NO_MESSAGE_FOUND: Final = 10037
ERROR_INSUFFICIENT_RESOURCES: Final = 10023

AUTHORIZATION_VIOLATION: Final = "authorization violation"
"""How the server refuses credentials, in any case of letters; there is no code."""

PULL_REQUEST_ENDED: Final = frozenset({"Batch Completed", "Message Size Exceeds MaxBytes"})
"""Descriptions of a 409 status after which the consumer lives on and only the pull request is
over."""

MAX_BATCH_MESSAGES: Final = 1000
"""The server's limit for one atomic batch."""
