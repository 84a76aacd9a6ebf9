-- The position that the audit of contents has reached.
SELECT epoch, seq FROM swarm.audits WHERE subject = 'content' ORDER BY looked_at DESC LIMIT 1
