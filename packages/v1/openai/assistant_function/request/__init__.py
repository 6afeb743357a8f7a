"""What comes in: the event, who sent it, and its parameters, checked before anything goes out."""
