"""One Assistants v2 request each, answered by requests to today's OpenAI."""
