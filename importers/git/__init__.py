"""How does a git repository become events?"""
