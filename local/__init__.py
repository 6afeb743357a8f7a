"""What `make run` starts on this computer. It is never deployed."""
