"""The oracle prepare_boto3.py itself: what it prints must get through when it is sent."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from checks import ENDPOINT, REGION, check, contains, equal, last_request, send

KEYS = {
    "access_key_id": ENDPOINT["access_key_id"],
    "secret_access_key": ENDPOINT["secret_access_key"],
}
MESSAGES = [{"role": "user", "content": [{"text": "hello"}]}]


def ask(**job):
    tool = Path(__file__).with_name("prepare_boto3.py")
    job = {"region": REGION, "credentials": KEYS, "endpoint": ENDPOINT["https"]} | job
    done = subprocess.run(
        [sys.executable, tool], input=json.dumps(job), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def accepted(**job):
    answer = ask(**job)
    assert "error" not in answer, answer
    body = base64.b64decode(answer["body"]) if answer["body"] else None
    status, _, text = send(
        SimpleNamespace(
            method=answer["method"], url=answer["url"], headers=answer["headers"], body=body
        )
    )
    assert status == 200, (status, text, last_request().get("reason"))
    return answer


def converse():
    answer = accepted(
        service="bedrock-runtime",
        operation="Converse",
        params={"modelId": "amazon.nova-lite-v1:0", "messages": MESSAGES},
    )
    equal(answer["path"], "/model/amazon.nova-lite-v1%3A0/converse")
    equal(json.loads(base64.b64decode(answer["body"])), {"messages": MESSAGES})
    contains(answer["signed_headers"], "content-type")


def invoke_with_blob():
    body = base64.b64encode(b'{"inputText":"hi"}').decode()
    answer = accepted(
        service="bedrock-runtime",
        operation="invoke_model",
        params={"modelId": "amazon.titan-text-express-v1", "body": {"$blob": body}},
    )
    equal(answer["body"], body)


def query():
    answer = accepted(
        service="bedrock", operation="ListFoundationModels", params={"byProvider": "A/B+ C"}
    )
    equal(answer["query"], "byProvider=A%2FB%2B%20C")
    equal(answer["body"], None)


def api_key():
    answer = accepted(
        service="bedrock-runtime",
        operation="Converse",
        credentials={"api_key": ENDPOINT["api_key"]},
        params={"modelId": "amazon.nova-lite-v1:0", "messages": MESSAGES},
    )
    equal(answer["headers"]["authorization"], "Bearer " + ENDPOINT["api_key"])


def fixed_time():
    job = {
        "service": "bedrock",
        "operation": "ListFoundationModels",
        "timestamp": "20260102T030405Z",
        "endpoint": None,
    }
    first, second = ask(**job), ask(**job)
    equal(first["headers"]["x-amz-date"], "20260102T030405Z")
    equal(first["headers"]["authorization"], second["headers"]["authorization"])
    equal(first["headers"]["host"], f"bedrock.{REGION}.amazonaws.com")


def bad_parameters():
    contains(ask(service="bedrock-runtime", operation="Converse", params={})["error"], "modelId")


for function in (converse, invoke_with_blob, query, api_key, fixed_time, bad_parameters):
    check(f"prepare_boto3: {function.__name__}", function)
