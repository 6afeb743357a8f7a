"""The web action: one URL whose `action` picks what happens with assistants, threads, messages and runs."""

VERSION = "1.3.0"  # the newest heading of CHANGELOG.md
