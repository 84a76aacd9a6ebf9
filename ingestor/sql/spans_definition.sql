SELECT create_table_query FROM system.tables WHERE database = 'swarm' AND name = 'span_rows'
