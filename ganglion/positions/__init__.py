"""What do the commands about positions ask ClickHouse, and what do they publish again?"""
