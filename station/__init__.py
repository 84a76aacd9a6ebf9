"""How do the files of a legacy station come onto the log, and out of it?"""
