-- What is still being deleted, and why not.
SELECT count(), any(latest_fail_reason) FROM system.mutations WHERE database = 'swarm' AND table = 'events' AND NOT is_done
