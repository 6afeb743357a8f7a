"""Operations: each answers one Assistants v2 request by requests to today's OpenAI."""
