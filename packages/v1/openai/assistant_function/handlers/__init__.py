"""The handlers: small functions over the SDK's Assistants v2 client. They return an Answer, or raise."""
