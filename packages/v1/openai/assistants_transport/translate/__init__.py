"""Translates single objects between Assistants v2 and today's OpenAI. Nothing here sends a request.

Functions are named by their direction, `agent_from_assistant`: what they return, then what they take.
"""
