-- What the two tables that mirror the contract have.
SELECT table, name, type, default_kind, comment FROM system.columns
WHERE database = 'swarm' AND table IN ('events', 'landing')
