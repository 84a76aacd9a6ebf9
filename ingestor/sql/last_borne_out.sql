-- The last position of an epoch that may be the log's: it has it, or the row's own bytes bear it out, or it is remembered.
SELECT greatest(
    (SELECT ifNull(max(seq), 0) FROM
        (SELECT seq FROM swarm.events WHERE epoch = {epoch:UInt64} AND (seq <= {on_log:UInt64} OR %BORNE_OUT%) ORDER BY epoch DESC, seq DESC LIMIT 1)),
    (SELECT ifNull(max(seq), 0) FROM swarm.watermarks WHERE epoch = {epoch:UInt64})
)
