-- What is the engine still at?
SELECT
    (SELECT count() FROM system.merges) AS merges,
    (SELECT count() FROM system.mutations WHERE NOT is_done) AS mutations
