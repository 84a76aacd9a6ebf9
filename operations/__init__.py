"""What can a running mesh be asked and told, from Python? No command line, no HTTP."""
