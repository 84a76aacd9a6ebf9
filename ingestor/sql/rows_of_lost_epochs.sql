-- Epochs that rows belong to and that swarm.epochs does not have: how many rows, where, and how many their own bytes bear out; and how many are events.
SELECT epoch, count(), min(seq), max(seq), countIf(%BORNE_OUT%), countIf(disposition = 'stored')
FROM swarm.events
WHERE epoch NOT IN (SELECT epoch FROM swarm.epochs)
GROUP BY epoch
ORDER BY epoch
