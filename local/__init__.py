"""What `make run` starts at home; never deployed."""
