"""Assistants v2 in, Agents + Conversations + Responses out: a transport below any OpenAI client.

client = OpenAI(http_client=httpx2.Client(transport=AssistantsTransport(httpx2.HTTPTransport())))
client.beta.threads.create()        # answered by today's OpenAI
"""

from assistants_transport.transport import AssistantsTransport

__all__ = ["AssistantsTransport"]
