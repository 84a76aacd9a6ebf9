"""How is the engine told to be small and quiet? Its configuration files, as text. Pure.

Accounts live in this server, not in the engine: chDB runs every connection as `default`. What an
account may do is
a role of that user, and a connection that serves a reader gives up the role `owner` before it runs
anything.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

OWNER = "owner"
READER = "reader"


def engine_configuration(*, users_file: Path, max_memory_bytes: int) -> str:
    """The main file. `max_memory_bytes` bounds everything the engine allocates; caches are bounded
    beneath it."""
    cache_bytes = max(max_memory_bytes // 32, 1 << 20)
    return f"""<clickhouse>
    <!-- Written by ganglion.engines.clickhouse at every start. Changes are lost. -->
    <users_config>{escape(str(users_file))}</users_config>
    <max_server_memory_usage>{max_memory_bytes}</max_server_memory_usage>
    <mark_cache_size>{cache_bytes}</mark_cache_size>
    <uncompressed_cache_size>0</uncompressed_cache_size>
    <index_mark_cache_size>{cache_bytes}</index_mark_cache_size>
    <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
    <mmap_cache_size>64</mmap_cache_size>
    <compiled_expression_cache_size>{cache_bytes}</compiled_expression_cache_size>
    <query_cache><max_size_in_bytes>{cache_bytes}</max_size_in_bytes></query_cache>
    <background_pool_size>2</background_pool_size>
    <background_move_pool_size>1</background_move_pool_size>
    <background_fetches_pool_size>1</background_fetches_pool_size>
    <background_common_pool_size>2</background_common_pool_size>
    <background_schedule_pool_size>2</background_schedule_pool_size>
    <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
    <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
    <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
    <tables_loader_foreground_pool_size>1</tables_loader_foreground_pool_size>
    <tables_loader_background_pool_size>1</tables_loader_background_pool_size>
    <asynchronous_metrics_update_period_s>60</asynchronous_metrics_update_period_s>
    <merge_tree>
        <!-- a laptop's pool of two must still be allowed to merge big parts -->
        <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
        <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
        <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    </merge_tree>
</clickhouse>
"""


def users_configuration() -> str:
    """The users file: `default` with both roles, and the settings in which chDB differs from a
    server."""
    return f"""<clickhouse>
    <!-- Written by ganglion.engines.clickhouse at every start. Changes are lost. -->
    <profiles>
        <default>
            <implicit_select>0</implicit_select>
            <log_queries>0</log_queries>
            <constraints>
                <!-- The engine in this process writes such logs, queries among them, to stderr. -->
                <send_logs_level><const/></send_logs_level>
                <!-- Only what looks like a read may answer with rows: those are streamed. -->
                <implicit_select><const/></implicit_select>
                <dialect><const/></dialect>
            </constraints>
        </default>
    </profiles>
    <roles>
        <{OWNER}><grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants></{OWNER}>
        <{READER}>
            <grants>
                <query>GRANT SELECT, SHOW, dictGet, CREATE TEMPORARY TABLE ON *.*</query>
            </grants>
        </{READER}>
    </roles>
    <users>
        <default>
            <password></password>
            <profile>default</profile>
            <quota>default</quota>
            <networks><ip>::/0</ip></networks>
            <grants><query>GRANT {OWNER}, {READER}</query></grants>
        </default>
    </users>
    <quotas><default></default></quotas>
</clickhouse>
"""
