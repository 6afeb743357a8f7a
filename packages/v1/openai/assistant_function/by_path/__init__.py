"""A request by path: OpenAI's own API at the function's URL, Assistants v2 for all who may call."""
