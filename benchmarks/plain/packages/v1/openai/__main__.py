"""The plain way to write this function: what the benchmarks compare with.

The ten actions of the original README, as a competent person in a hurry would write them.
"""

import json
from typing import Any

import openai

client = openai.OpenAI()


def main(args: dict[str, Any]) -> dict[str, Any]:
    """One call."""
    try:
        return answer(200, {"success": True, "data": act(args), "error": None})
    except KeyError as missing:
        return answer(400, {"success": False, "data": None, "error": f"{missing} is required"})
    except openai.APIStatusError as error:
        return answer(error.status_code, {"success": False, "data": None, "error": error.message})
    except openai.OpenAIError as error:
        return answer(502, {"success": False, "data": None, "error": str(error)})


def act(args: dict[str, Any]) -> Any:
    """The data of the answer."""
    beta = client.beta
    match args["action"]:
        case "create-assistant":
            settings = {key: args[key] for key in ("name", "instructions", "description") if key in args}
            return beta.assistants.create(model=args.get("model", "gpt-6-luna"), **settings).to_dict()
        case "list-assistants":
            return [assistant.to_dict() for assistant in beta.assistants.list(limit=100)]
        case "get-assistant":
            return beta.assistants.retrieve(args["assistantId"]).to_dict()
        case "update-assistant":
            changes = {key: args[key] for key in ("name", "instructions", "model") if key in args}
            return beta.assistants.update(args["assistantId"], **changes).to_dict()
        case "create-thread":
            return beta.threads.create().to_dict()
        case "send-message":
            return beta.threads.messages.create(
                args["threadId"], role="user", content=args["message"]
            ).to_dict()
        case "run-assistant":
            run = beta.threads.runs.create_and_poll(
                thread_id=args["threadId"], assistant_id=args["assistantId"]
            )
            newest = beta.threads.messages.list(args["threadId"], limit=1).data[0]
            return {"runId": run.id, "status": run.status, "response": newest.to_dict()["content"]}
        case "get-thread":
            return beta.threads.retrieve(args["threadId"]).to_dict()
        case "list-messages":
            return [message.to_dict() for message in beta.threads.messages.list(args["threadId"])]
        case "delete-thread":
            return beta.threads.delete(args["threadId"]).to_dict()
    raise KeyError("action")


def answer(status: int, body: Any) -> dict[str, Any]:
    """The web response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
