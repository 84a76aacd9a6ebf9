"""What does a process use of its machine: files, folders, sockets, walls?"""
