"""One service's facts out of botocore's data folder: the traits that matter on the wire, no texts.

A trait that is neither carried nor known to be of no use is reported, so that a new kind of trait
in a model is noticed and not lost.
"""
import gzip
import json
from pathlib import Path

SERVICES = (
    "bedrock",
    "bedrock-runtime",
    "bedrock-agent",
    "bedrock-agent-runtime",
    "bedrock-agentcore",
    "bedrock-agentcore-control",
    "bedrock-data-automation",
    "bedrock-data-automation-runtime",
    "rolesanywhere",
    "sts",
    "agent-registry",
    "agent-registry-control",
)

_TEXTS = {"documentation", "documentationUrl", "deprecatedMessage", "deprecatedSince"}

_METADATA_CARRIED = {
    "serviceId", "endpointPrefix", "signingName", "apiVersion", "protocol", "auth", "jsonVersion",
    "targetPrefix", "protocolSettings", "globalEndpoint", "xmlNamespace",
}
_METADATA_UNUSED = {
    "protocols", "serviceFullName", "serviceAbbreviation", "signatureVersion", "uid",
}

_OPERATION_FLAGS = ("idempotent", "readonly", "auth", "authtype", "deprecated")
_OPERATION_CARRIED = {"name", "http", "input", "output", "errors", *_OPERATION_FLAGS}

_SHAPE_FLAGS = (
    "sensitive", "box", "streaming", "sparse", "union", "event", "eventstream", "document", "flattened",
)
_SHAPE_CARRIED = {
    "type", "min", "max", "pattern", "enum", "payload", "timestampFormat", "members", "member",
    "key", "value", "required", "error", "exception", "fault", "retryable", "deprecated",
    *_SHAPE_FLAGS,
}
# `box` says that a number of zero differs from none: so it does for every member here.
_MEMBER_CARRIED = {
    "shape", "location", "locationName", "idempotencyToken", "deprecated", "jsonvalue", "box",
    "xmlAttribute",
}


class Traits:
    """Collects the traits met that are not carried."""

    def __init__(self):
        self.unknown = {}

    def check(self, where, node, *carried):
        for trait in node.keys() - _TEXTS - set().union(*carried):
            self.unknown.setdefault(trait, []).append(where)


def read_json(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def newest_version_folder(data, service):
    """botocore keeps one folder for each API version; ISO dates sort as they should."""
    folder = Path(data) / service
    versions = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    return folder / versions[-1] if versions else None


def _find(folder, name):
    for suffix in (".json", ".json.gz"):
        path = folder / (name + suffix)
        if path.exists():
            return read_json(path)
    return None


def _merge_deep(target, extra):
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge_deep(target[key], value)
        else:
            target[key] = value


def load(data, service):
    """The parts of a service's folder, or None where botocore does not have the service."""
    folder = newest_version_folder(data, service)
    if folder is None:
        return None
    parts = {}
    for part, name in (("model", "service-2"), ("paginators", "paginators-1"),
                       ("waiters", "waiters-2"), ("rules", "endpoint-rule-set-1")):
        parts[part] = _find(folder, name) or {}
        extras = _find(folder, name + ".sdk-extras") or {}
        _merge_deep(parts[part], extras.get("merge", {}))
    return parts


def _service_facts(service, metadata, version):
    facts = {
        "id": service,
        "serviceId": metadata["serviceId"],
        "endpointPrefix": metadata["endpointPrefix"],
        "signingName": metadata.get("signingName", metadata["endpointPrefix"]),
        "apiVersion": metadata["apiVersion"],
        "protocol": metadata["protocol"],
        "auth": metadata["auth"],
    }
    for key in ("jsonVersion", "targetPrefix"):
        if key in metadata:
            facts[key] = metadata[key]
    if "h2" in metadata.get("protocolSettings", {}):
        facts["h2"] = metadata["protocolSettings"]["h2"]
    for key in ("globalEndpoint", "xmlNamespace"):
        if key in metadata:
            facts[key] = metadata[key]
    facts["sources"] = {"botocore": version}
    return facts


def _error_facts(shape):
    trait = shape.get("error", {})
    facts = {}
    if "httpStatusCode" in trait:
        facts["status"] = trait["httpStatusCode"]
    facts["fault"] = "server" if shape.get("fault") else "client"
    if "code" in trait:
        facts["code"] = trait["code"]
    if "retryable" in shape:
        facts["retryable"] = True
        if shape["retryable"].get("throttling"):
            facts["throttling"] = True
    return facts


def _member_facts(name, member):
    facts = {"shape": member["shape"]}
    if "location" in member:
        facts["loc"] = member["location"]
    if member.get("locationName", name) != name:
        facts["wire"] = member["locationName"]
    for flag, trait in (("idem", "idempotencyToken"), ("deprecated", "deprecated"),
                        ("jsonvalue", "jsonvalue"), ("attribute", "xmlAttribute")):
        if member.get(trait):
            facts[flag] = True
    return facts


def _element_facts(element):
    """An element of a list, or a key or value: its shape, with its name in XML and forms if it has one."""
    if "locationName" not in element:
        return element["shape"]
    return {"shape": element["shape"], "wire": element["locationName"]}


def _shape_facts(where, shape, traits):
    facts = {"type": shape["type"]}
    for key in ("min", "max", "pattern", "enum", "payload", "timestampFormat"):
        if key in shape:
            facts[key] = shape[key]
    for flag in _SHAPE_FLAGS:
        if shape.get(flag):
            facts[flag] = True
    if "members" in shape:
        facts["members"] = {}
        for name, member in shape["members"].items():
            traits.check(where + "." + name, member, _MEMBER_CARRIED)
            facts["members"][name] = _member_facts(name, member)
    for role in ("member", "key", "value"):
        if role in shape:
            traits.check(where + "." + role, shape[role], {"shape", "locationName"})
            facts[role] = _element_facts(shape[role])
    if "required" in shape:
        facts["required"] = shape["required"]
    if shape.get("exception"):
        facts["error"] = _error_facts(shape)
    return facts


def _payload(shapes, reference):
    """The member that is the whole body, with its shape; None, {} if there is none."""
    shape = shapes.get(reference, {})
    name = shape.get("payload")
    return name, shapes[shape["members"][name]["shape"]] if name else {}


def _body_flags(shapes, operation):
    """What the whole bodies of an operation are: [member, type], or the member that streams."""
    facts = {}
    sides = {side: _payload(shapes, operation.get(key, {}).get("shape"))
             for side, key in (("In", "input"), ("Out", "output"))}
    for side, (name, shape) in sides.items():
        if name and not shape.get("eventstream"):
            facts["payload" + side] = [name, shape["type"]]
    for side, (name, shape) in sides.items():
        if name and shape.get("eventstream"):
            facts["event" + side] = name
    for side, (name, shape) in sides.items():
        if name and shape.get("streaming"):
            facts["stream" + side] = name
    return facts


def _operation_facts(operation, shapes, snake):
    http, output = operation["http"], operation.get("output", {})
    facts = {"snake": snake, "method": http["method"], "uri": http["requestUri"]}
    if "responseCode" in http:
        facts["code"] = http["responseCode"]
    for key, side in (("in", "input"), ("out", "output")):
        if side in operation:
            facts[key] = operation[side]["shape"]
    if "resultWrapper" in output:
        facts["resultWrapper"] = output["resultWrapper"]
    facts["errors"] = [error["shape"] for error in operation.get("errors", [])]
    for flag in _OPERATION_FLAGS:
        if operation.get(flag):
            facts[flag] = operation[flag]
    facts.update(_body_flags(shapes, operation))
    return facts


def _paginator_facts(paginator):
    names = (("input_token", "in"), ("output_token", "out"), ("limit_key", "limit"),
             ("result_key", "result"), ("more_results", "more"), ("non_aggregate_keys", "keep"))
    return {fact: paginator[key] for key, fact in names if key in paginator}


def _waiter_facts(waiter):
    facts = {key: waiter[key] for key in ("operation", "delay", "maxAttempts")}
    names = ("matcher", "argument", "state", "expected")
    facts["acceptors"] = [{key: acceptor[key] for key in names if key in acceptor}
                          for acceptor in waiter["acceptors"]]
    return facts


def extract(service, parts, version, snake, traits):
    """The facts of one service. `snake` turns an operation's name into its method's name."""
    model = parts["model"]
    shapes = model["shapes"]
    traits.check(service, model["metadata"], _METADATA_CARRIED, _METADATA_UNUSED)
    facts = {
        "service": _service_facts(service, model["metadata"], version),
        "operations": {}, "shapes": {}, "paginators": {}, "waiters": {},
    }
    for name, operation in sorted(model["operations"].items()):
        where = service + "." + name
        traits.check(where, operation, _OPERATION_CARRIED)
        traits.check(where + " http", operation["http"], {"method", "requestUri", "responseCode"})
        traits.check(where + " input", operation.get("input", {}), {"shape"})
        traits.check(where + " output", operation.get("output", {}), {"shape", "resultWrapper"})
        facts["operations"][name] = _operation_facts(operation, shapes, snake(name))
    for name, shape in sorted(shapes.items()):
        where = service + "." + name
        traits.check(where, shape, _SHAPE_CARRIED)
        facts["shapes"][name] = _shape_facts(where, shape, traits)
    for name, paginator in parts["paginators"].get("pagination", {}).items():
        facts["paginators"][name] = _paginator_facts(paginator)
    for name, waiter in sorted(parts["waiters"].get("waiters", {}).items()):
        facts["waiters"][name] = _waiter_facts(waiter)
    return facts
