-- The whole definition, to see whether there is a TTL to remove.
SELECT create_table_query FROM system.tables WHERE database = 'swarm' AND name = 'events'
