"""How much of a model's context a text takes, without the model's own tokenizer."""

from math import ceil

CHARS_PER_TOKEN = 4
TOKENS_AROUND_A_MESSAGE = 4


def count_tokens(text: str) -> int:
    """A fair guess at the tokens of a text."""
    return ceil(len(text) / CHARS_PER_TOKEN)
