"""How does a station become events?"""
