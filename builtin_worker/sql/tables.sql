-- How large are the largest tables, and in how many parts? Of the partitions, the one with most parts counts.
SELECT
    concat(database, '.', table) AS name,
    sum(partition_parts) AS parts,
    max(partition_parts) AS densest,
    sum(partition_rows) AS rows,
    sum(partition_on_disk) AS on_disk,
    sum(partition_uncompressed) AS uncompressed
FROM
(
    SELECT
        database,
        table,
        partition,
        count() AS partition_parts,
        sum(rows) AS partition_rows,
        sum(bytes_on_disk) AS partition_on_disk,
        sum(data_uncompressed_bytes) AS partition_uncompressed
    FROM system.parts
    WHERE active
    GROUP BY database, table, partition
)
GROUP BY database, table
ORDER BY on_disk DESC, name
LIMIT 20
