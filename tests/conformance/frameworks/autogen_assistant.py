"""Lets AutoGen's GPTAssistantAgent answer, which calls a function of ours on the way; prints its answer.

Usage: autogen_assistant.py QUESTION"""

import os
import sys

from autogen import UserProxyAgent
from autogen.agentchat.contrib.gpt_assistant_agent import GPTAssistantAgent

server = {"api_key": os.environ["OPENAI_API_KEY"], "base_url": os.environ["OPENAI_BASE_URL"]}
parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
weather = {"name": "weather", "description": "Tells the weather of a city.", "parameters": parameters}
agent = GPTAssistantAgent(
    name="Weather",
    instructions="Be brief.",
    llm_config={"config_list": [{"model": "gpt-4o", **server}]},
    assistant_config={"tools": [{"type": "function", "function": weather}]},
)
agent.register_function({"weather": lambda city: f"sunny in {city}"})
user = UserProxyAgent("user", human_input_mode="NEVER", code_execution_config=False)
print(user.initiate_chat(agent, message=sys.argv[1], max_turns=1, silent=True).chat_history[-1]["content"])
agent.delete_assistant()
