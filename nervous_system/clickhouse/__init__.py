"""How is ClickHouse asked?"""
