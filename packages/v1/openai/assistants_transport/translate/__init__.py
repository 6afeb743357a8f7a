"""Assistants v2 to today's OpenAI and back: pure functions, dict to dict."""
