"""An httpx2 transport that answers Assistants v2 requests with today's Agents, Conversations and Responses.

client = OpenAI(http_client=httpx2.Client(transport=AssistantsTransport(httpx2.HTTPTransport())))
client.beta.threads.create()  # reaches OpenAI as POST /conversations
"""

from assistants_transport.transport import AssistantsTransport

__all__ = ["AssistantsTransport"]
