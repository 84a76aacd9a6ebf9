"""How do runs of the SWE-agent, and of mini-swe-agent, become events?"""
