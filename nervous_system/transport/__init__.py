"""How do bytes get to NATS and back, and nothing by the way?"""
