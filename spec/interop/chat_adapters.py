"""Compares the bodies that conn:chat sent in the conversations of conversations.json with those that another
adapter sent in the same ones.

    chat_adapters.py NAME OURS.jsonl THEIRS.jsonl

What differs for a reason is in DIFFERENCES; a difference that is not seen any more is a failure, too."""

import json
import sys
from pathlib import Path

from checks import check, equal


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def take(container, name, value):
    """Takes a member that has this value out of a container."""
    if container.get(name) == value:
        del container[name]
        return True
    return False


def tool_results(body):
    for message in body["messages"]:
        for block in message["content"]:
            if "toolResult" in block:
                yield block["toolResult"]


def nothing_said(ours, theirs):
    return take(theirs, "system", []) | take(theirs, "inferenceConfig", {})


def status_success(ours, theirs):
    return any([take(result, "status", "success") for result in tool_results(theirs)])


def json_as_text(ours, theirs):
    found = False
    for our_result, their_result in zip(tool_results(ours), tool_results(theirs)):
        if "json" in our_result["content"][0]:
            text = their_result["content"][0].pop("text")
            their_result["content"][0]["json"] = json.loads(text)
            found = True
    return found


def no_status_error(ours, theirs):
    return any([take(result, "status", "error") for result in tool_results(ours)])


def choice_auto(ours, theirs):
    return take(theirs.get("toolConfig", {}), "toolChoice", {"auto": {}})


def forced_again(ours, theirs):
    if "toolChoice" in ours.get("toolConfig", {}):
        return False
    return take(theirs.get("toolConfig", {}), "toolChoice", {"any": {}})


def stop_sequence_path(ours, theirs):
    return take(theirs, "additionalModelResponseFieldPaths", ["/delta/stop_sequence"])


def schema_text(body):
    """Replaces the schema's text by what it says; its name says nothing to the model."""
    structure = body.get("outputConfig", {}).get("textFormat", {}).get("structure")
    if structure:
        structure["jsonSchema"] = json.loads(structure["jsonSchema"]["schema"])
    return structure is not None


def schema_name(ours, theirs):
    return schema_text(ours) & schema_text(theirs)


def schema_of_claude(ours, theirs):
    fields = theirs.get("additionalModelRequestFields", {})
    form = fields.get("output_config", {}).get("format")
    if not form:
        return False
    schema_text(ours)
    del theirs["additionalModelRequestFields"]
    theirs["outputConfig"] = {
        "textFormat": {"type": form["type"], "structure": {"jsonSchema": form["schema"]}}
    }
    return True


def is_point(block):
    return "cachePoint" in block


def point_of_history(ours, theirs):
    found = False
    for message in theirs["messages"][:-1]:
        if is_point(message["content"][-1]):
            found = bool(message["content"].pop())
    return found


def point_of_tools(ours, theirs):
    tools = ours.get("toolConfig", {}).get("tools", [])
    return bool(tools) and is_point(tools[-1]) and bool(tools.pop())


DIFFERENCES = {
    "LangChain": [
        (nothing_said, "an empty list of system blocks or settings says nothing"),
        (status_success, "success is what a result without a status means"),
        (forced_again, "forces a tool in each round, ours in the first, so that the model can answer"),
        (schema_name, "the schema is called by its title, ours answer; its text has spaces"),
        (point_of_history, "from a point, Claude itself looks back for what was cached before it"),
    ],
    "the AI SDK": [
        (nothing_said, "an empty list of system blocks says nothing"),
        (choice_auto, "auto is what a request without a choice means"),
        (json_as_text, "gives JSON as text, where Converse has a block for it"),
        (no_status_error, "does not tell the model that a tool failed but by the words"),
        (stop_sequence_path, "asks Claude which stop sequence it was, which a chat does not tell"),
        (schema_of_claude, "asks Claude in Claude's own field; ours in Converse's, which all models have"),
        (point_of_tools, "has no cache point for tools; they are before the system prompt's point anyway"),
    ],
}


def compare(differences, seen, ours, theirs):
    equal(len(theirs["bodies"]), len(ours["bodies"]))
    for our_text, their_text in zip(ours["bodies"], theirs["bodies"]):
        ours_sent, theirs_sent = json.loads(our_text), json.loads(their_text)
        for difference, _ in differences:
            if difference(ours_sent, theirs_sent):
                seen.add(difference)
        equal(ours_sent, theirs_sent)


def all_seen(differences, seen):
    missing = [reason for difference, reason in differences if difference not in seen]
    equal(missing, [])


def main(name, ours, theirs):
    differences, seen = DIFFERENCES[name], set()
    their_conversations = lines(theirs)
    check(f"{name} has as many conversations", equal, len(their_conversations), len(lines(ours)))
    for ours_had, theirs_had in zip(lines(ours), their_conversations):
        check(f"{name} sends the same in {ours_had['name']}", compare, differences, seen, ours_had, theirs_had)
    check(f"{name} still differs where it is known to", all_seen, differences, seen)


main(*sys.argv[1:])
