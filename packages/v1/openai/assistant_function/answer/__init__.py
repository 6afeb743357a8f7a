"""What goes out: the shapes that callers get, made to fit, in one envelope."""
