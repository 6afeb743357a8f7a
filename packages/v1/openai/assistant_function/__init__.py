"""The web action: one URL whose `action` picks what happens with assistants, threads, messages and runs."""
