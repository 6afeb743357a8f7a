"""This function and a plain one (`plain/`), measured side by side: `python -m benchmarks`."""
