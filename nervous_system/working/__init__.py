"""What does a worker do with what it was given and told?"""
