"""How does ClickHouse run on a laptop with nothing installed? chDB in a process, behind
ClickHouse's HTTP interface."""
