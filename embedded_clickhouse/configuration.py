"""How is the engine told to be small, quiet and shut in? Its configuration files, as text. Pure.

Accounts live in this server, not in the engine: chDB runs every connection as `default`. What an
account may do is a role of that user, and a connection takes its account's role before it runs
anything else (`access.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from embedded_clickhouse.access import (
    ALL_READ,
    GRANTS,
    HOLDING_SCHEMAS,
    HOLDING_SQL,
    NAMING_PLACES,
    OBSERVER,
    OWNER,
    READER,
    RIGHTS,
)

NOWHERE = "_nowhere"
"""The engine opens a database that shows the files of the machine as tables. It gets this name
instead of `default`, and is dropped at once."""
TEMPORARY_FOLDER = "tmp"
"""For the engine, and for what this server keeps for a while."""
FUNCTIONS_FOLDER = "user_defined"
EMPTY_FOLDER = "empty"
SWITCHED_OFF = {
    "file": (
        "CREATE FUNCTION file AS path ->"
        " throwIf(1, 'No query reaches files: `file` is switched off')\n"
    ),
    "getServerSetting": (
        "CREATE FUNCTION getServerSetting AS name ->"
        " throwIf(1, 'The settings of the server name its folders:"
        " `getServerSetting` is switched off')\n"
    ),
}
"""The engine grants these scalar functions to everybody. One of the same name stands before each,
wherever and however it is called; nobody may drop it."""


def engine_configuration(*, path: Path, users_file: Path, max_memory_bytes: int) -> str:
    """The main file of the engine at `path`. `max_memory_bytes` bounds everything it allocates;
    caches are bounded beneath it."""
    folders = "\n".join(
        f"    <{name}>{escape(str(path / folder))}/</{name}>" for name, folder in _FOLDERS.items()
    )
    cache_bytes = max(max_memory_bytes // 32, 1 << 20)
    return f"""<clickhouse>
    <!-- Written by embedded_clickhouse at every start. Changes are lost. -->
    <users_config>{escape(str(users_file))}</users_config>
    <default_database>{NOWHERE}</default_database>
{folders}
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


_FOLDERS = {
    "tmp_path": TEMPORARY_FOLDER,
    "user_defined_path": FUNCTIONS_FOLDER,
    **dict.fromkeys(("user_files_path", "user_scripts_path"), EMPTY_FOLDER),
    **dict.fromkeys(("dictionaries_lib_path", "top_level_domains_path"), EMPTY_FOLDER),
    **dict.fromkeys(("google_protos_path", "custom_local_disks_base_directory"), EMPTY_FOLDER),
    "dynamic_user_defined_executable_functions_path": EMPTY_FOLDER,
}
"""What the engine takes from folders is taken from an empty one. (Schemas of formats come from
where the process stands: chDB does not ask.)"""


_SEES_ALL = f"hasAny(currentRoles(), ['{OWNER}', '{OBSERVER}'])"


def users_configuration(*, is_open: bool = False) -> str:
    """The users file: `default` with all roles, their rights, and the settings in which chDB
    differs from a server. `is_open`: the owner may do what the engine can."""
    grants: Mapping[str, tuple[str, ...]] = GRANTS
    if is_open:
        grants = {**GRANTS, OWNER: ("GRANT ALL ON *.* WITH GRANT OPTION",)}
    roles = "\n".join(f"        <{role}>{_grants(each)}</{role}>" for role, each in grants.items())
    most = "\n".join(
        f"                <{name}><min>1</min><max>{value}</max></{name}>"
        for name, value in RIGHTS["read"].max_settings.items()
    )
    policies = "\n".join(
        f"                    <{table}><filter>1</filter></{table}>" for table in ALL_READ
    )
    return f"""<clickhouse>
    <!-- Written by embedded_clickhouse at every start. Changes are lost. -->
    <profiles>
        <default>
            <implicit_select>0</implicit_select>
            <log_queries>0</log_queries>
            <!-- it leaves a file per query -->
            <format_protobuf_use_autogenerated_schema>0</format_protobuf_use_autogenerated_schema>
            <constraints>
                <!-- The engine in this process writes such logs, queries among them, to stderr. -->
                <send_logs_level><const/></send_logs_level>
                <!-- Only what looks like a read may answer with rows: those are streamed. -->
                <implicit_select><const/></implicit_select>
                <dialect><const/></dialect>
                <!-- a disk may be of a web site, or another folder -->
                <merge_tree_disk><const/></merge_tree_disk>
{_constant(NAMING_PLACES)}
{_constant(HOLDING_SQL)}
            </constraints>
        </default>
        <{OWNER}/>
        <{OBSERVER}>
            <constraints>
{_constant(HOLDING_SCHEMAS)}
            </constraints>
        </{OBSERVER}>
        <{READER}>
            <constraints>
{_constant(HOLDING_SCHEMAS)}
{most}
            </constraints>
        </{READER}>
    </profiles>
    <roles>
{roles}
    </roles>
    <users>
        <default>
            <password></password>
            <profile>default</profile>
            <quota>default</quota>
            <networks><ip>::/0</ip></networks>
            {_grants([f"GRANT {role}" for role in grants])}
            <databases>
                <system>
                    <!-- an empty name is every table: who runs what, paths, sizes, settings -->
                    <table name=""><filter>{_SEES_ALL}</filter></table>
{policies}
                </system>
            </databases>
        </default>
    </users>
    <quotas><default></default></quotas>
</clickhouse>
"""


def _constant(names: Sequence[str]) -> str:
    return "\n".join(f"                <{name}><const/></{name}>" for name in names)


def _grants(statements: Sequence[str]) -> str:
    queries = "".join(f"<query>{statement}</query>" for statement in statements)
    return f"<grants>{queries}</grants>"
