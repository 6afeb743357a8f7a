"""OpenAI on this computer: Agents, Conversations and Responses on SQLite, answered by a small local model."""
