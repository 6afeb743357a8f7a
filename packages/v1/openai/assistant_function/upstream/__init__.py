"""The way to OpenAI: the client, what is sent again, and how a run is waited for."""
