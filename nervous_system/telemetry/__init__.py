"""What makes a service visible from outside: logs, spans, metrics, health?"""
