"""What is an event, and what may be on the wire?"""
