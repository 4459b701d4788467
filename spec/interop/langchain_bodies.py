"""Has the conversations of conversations.json by LangChain's ChatBedrockConverse, as its own documentation
says, and prints the bodies that it sent, one conversation a line: for chat_adapters.py."""

import base64
import json
import os
import urllib.request
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

from langchain_aws import ChatBedrockConverse  # noqa: E402
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage  # noqa: E402

ENDPOINT = json.loads(Path(os.environ["INTEROP_ENDPOINT"]).read_text())


def control(method, path, value=None):
    data = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(ENDPOINT["control"] + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def rule(content):
    calls = any("toolUse" in block for block in content)
    return {
        "match": {"operation": "Converse"},
        "action": {
            "json": {
                "output": {"message": {"role": "assistant", "content": content}},
                "stopReason": "tool_use" if calls else "end_turn",
                "usage": {"inputTokens": 30, "outputTokens": 12, "totalTokens": 42},
                "metrics": {"latencyMs": 42},
            }
        },
    }


def model_of(conversation):
    options = {
        name: conversation[name] for name in ("max_tokens", "temperature", "top_p") if name in conversation
    }
    if "stop" in conversation:
        options["stop_sequences"] = conversation["stop"]
    if "guardrail" in conversation:
        options["guardrail_config"] = {
            "guardrailIdentifier": conversation["guardrail"]["id"],
            "guardrailVersion": conversation["guardrail"]["version"],
        }
    if "reasoning" in conversation:
        budget = conversation["reasoning"]
        options["additional_model_request_fields"] = {
            "thinking": {"type": "enabled", "budget_tokens": budget}
        }
        # LangChain has its user add the two up.
        options["max_tokens"] = conversation["max_tokens"] + budget
    return ChatBedrockConverse(
        model=conversation["model"],
        region_name="us-east-1",
        endpoint_url=ENDPOINT["http"],
        aws_access_key_id=ENDPOINT["access_key_id"],
        aws_secret_access_key=ENDPOINT["secret_access_key"],
        **options,
    )


def human(turn, citations):
    content = []
    if "document" in turn:
        document = {
            "type": "file",
            "base64": turn["document"],
            "mime_type": "application/pdf",
            "name": "document",
        }
        if citations:
            document["citations"] = {"enabled": True}
        content.append(document)
    if "image" in turn:
        content.append({"type": "image", "base64": turn["image"], "mime_type": "image/png"})
    content.append({"type": "text", "text": turn["text"]})
    return HumanMessage(content)


def tool_message(call, result):
    if isinstance(result, str):
        return ToolMessage(result, tool_call_id=call["id"])
    if "error" in result:
        return ToolMessage(result["error"], tool_call_id=call["id"], status="error")
    return ToolMessage([{"type": "json", "json": result}], tool_call_id=call["id"])


def have(conversation):
    model = model_of(conversation)
    if "tools" in conversation:
        model = model.bind_tools(
            [
                {"name": tool["name"], "description": tool["description"], "input_schema": tool["input"]}
                for tool in conversation["tools"]
            ],
            tool_choice=conversation.get("tool_choice"),
        )
    if "schema" in conversation:
        model = model.with_structured_output(conversation["schema"], method="json_schema", include_raw=True)
    options = {"cache_control": {"type": "ephemeral"}} if conversation.get("cache") else {}
    messages = [SystemMessage(conversation["system"])] if "system" in conversation else []
    for turn in conversation["turns"]:
        messages.append(human(turn, conversation.get("citations")))
        while True:
            answer = model.invoke(list(messages), **options)
            answer = answer["raw"] if isinstance(answer, dict) else answer
            messages.append(answer)
            for call in answer.tool_calls:
                messages.append(tool_message(call, conversation["results"][call["id"]]))
            if not answer.tool_calls:
                break


for conversation in json.loads((Path(__file__).parent / "conversations.json").read_text()):
    control("POST", "/reset", {})
    control("POST", "/script", [rule(content) for content in conversation["answers"]])
    have(conversation)
    sent = control("GET", "/requests")
    bodies = [base64.b64decode(request["body64"]).decode() for request in sent]
    print(json.dumps({"name": conversation["name"], "bodies": bodies}))
