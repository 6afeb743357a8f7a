"""Asks LangChain's OpenAIAssistantRunnable, which calls a function of ours on the way; prints its answer.

Usage: langchain_assistant.py QUESTION"""

import sys

from langchain_classic.agents import AgentExecutor
from langchain_classic.agents.openai_assistant import OpenAIAssistantRunnable
from langchain_core.tools import tool


@tool
def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


agent = OpenAIAssistantRunnable.create_assistant(
    name="Weather", instructions="Be brief.", tools=[weather], model="gpt-4o", as_agent=True
)
print(AgentExecutor(agent=agent, tools=[weather]).invoke({"content": sys.argv[1]})["output"])
