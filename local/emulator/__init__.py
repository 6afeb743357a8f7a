"""OpenAI at home: Agents, Conversations and Responses on SQLite, answered by a small local model."""
