"""A trace as a tree of its events, from ClickHouse."""
