-- Tables and views of the schema that are there.
SELECT name FROM system.tables WHERE database = 'swarm'
