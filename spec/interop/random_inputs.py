"""Random valid inputs for every operation botocore knows of the Bedrock family, one case a line in
the form of the conformance cases, for prepared.lua.

    random_inputs.py [SEED [PER_OPERATION]]

Nothing of this project's facts is used: shapes and limits are botocore's own.
"""

import base64
import json
import random
import sys

import botocore.session
from botocore import xform_name

SERVICES = [
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
]
DEPTH_MAX = 6
LATEST = 4102444800
ANY_TEXT = "abcXYZ019 -_.~!*'();:@&=+$,/?#[]%\"\\<>|{}^`äß中😀\t\n\x7f"
# Neither control characters nor "." and "..": see docs/differences-from-boto3.md.
LABEL_TEXT = ANY_TEXT.translate({ord(c): None for c in ".\t\n\x7f"})
HEADER_TEXT = "abcXYZ019-_.~!*'();:@&=+$,/?#[]%\"<>|{}^`\\ äß中😀"
LONG_MAX = 2**63 - 1
EDGES = [0.0, -0.0, 3.0, 5e-324, 1e16, 2.0**60, 1e22, 1.7976931348623157e308, -1e-7]


class Generator:
    def __init__(self, rng):
        self.rng = rng

    def text(self, shape, alphabet):
        if getattr(shape, "enum", None):
            return self.rng.choice(shape.enum)
        low = max(shape.metadata.get("min", 0), 1)
        high = min(shape.metadata.get("max", low + 20), low + 20)
        return "".join(self.rng.choice(alphabet) for _ in range(self.rng.randint(low, high)))

    def number(self, shape, low, high):
        low = max(low, shape.metadata.get("min", low))
        high = min(high, shape.metadata.get("max", high))
        return self.rng.choice([low, high, self.rng.randint(int(low), int(high))])

    def time(self):
        return self.rng.choice([self.rng.randint(0, LATEST), self.rng.randint(0, LATEST * 1000) / 1000])

    def document(self, depth=0):
        kinds = ["null", "bool", "int", "float", "text"] + (["list", "map"] if depth < 3 else [])
        kind = self.rng.choice(kinds)
        if kind == "list":
            return [self.document(depth + 1) for _ in range(self.rng.randint(0, 3))]
        if kind == "map":
            return {f"k{i}é": self.document(depth + 1) for i in range(self.rng.randint(0, 3))}
        return {
            "null": None,
            "bool": self.rng.random() < 0.5,
            "int": self.rng.randint(-LONG_MAX, LONG_MAX),
            "float": self.rng.choice(EDGES + [self.rng.uniform(-1e6, 1e6)]),
            "text": self.text_of(ANY_TEXT),
        }[kind]

    def text_of(self, alphabet):
        return "".join(self.rng.choice(alphabet) for _ in range(self.rng.randint(0, 12)))

    def structure(self, shape, depth):
        if shape.metadata.get("document"):
            # Not null itself: see docs/differences-from-boto3.md.
            return {"$doc": {"any": self.document()}}
        names = list(shape.members)
        if shape.metadata.get("union"):
            name = self.rng.choice(names)
            return {name: self.value(shape.members[name], depth + 1)}
        chance = 0.6 / (depth + 1)
        return {
            name: self.value(member, depth + 1)
            for name, member in shape.members.items()
            if name in shape.required_members
            or (depth < DEPTH_MAX and self.rng.random() < chance)
            and not member.serialization.get("eventstream")
        }

    def items(self, shape):
        low = shape.metadata.get("min", 0)
        return range(self.rng.randint(low, max(low, min(shape.metadata.get("max", 3), low + 2))))

    def value(self, shape, depth=0):
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, depth)
        if kind == "list":
            return [self.value(shape.member, depth + 1) for _ in self.items(shape)]
        if kind == "map":
            return {
                self.text(shape.key, ANY_TEXT) + str(i): self.value(shape.value, depth + 1)
                for i in self.items(shape)
            }
        if kind == "blob":
            low = shape.metadata.get("min", 0)
            return {"$blob": base64.b64encode(self.rng.randbytes(low + self.rng.randint(0, 40))).decode()}
        if kind == "boolean":
            return self.rng.random() < 0.5
        if kind in ("integer", "long"):
            limit = 2**31 - 1 if kind == "integer" else LONG_MAX
            return self.number(shape, -limit, limit)
        if kind in ("float", "double"):
            low, high = shape.metadata.get("min", -1e300), shape.metadata.get("max", 1e300)
            return self.rng.choice([float(low), float(high), self.rng.uniform(low, high)])
        if kind == "timestamp":
            return {"$time": self.time()}
        where = shape.serialization.get("location")
        alphabet = {"uri": LABEL_TEXT, "header": HEADER_TEXT}.get(where, ANY_TEXT)
        return self.text(shape, alphabet)


def cases(rng, per_operation):
    session = botocore.session.Session()
    generator = Generator(rng)
    for service in SERVICES:
        model = session.get_service_model(service)
        for name in model.operation_names:
            operation = model.operation_model(name)
            if operation.has_event_stream_input:
                continue
            for n in range(per_operation):
                shape = operation.input_shape
                made = generator.value(shape) if shape is not None else {}
                tokens = [m for m in operation.idempotent_members if m not in made]
                yield {
                    "id": f"{service}.{name}.random{n}",
                    "service": service,
                    "op": name,
                    "method": xform_name(name),
                    "kind": "valid",
                    "input": made,
                    "expect": {"auto": tokens},
                }


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    per_operation = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for case in cases(random.Random(seed), per_operation):
        print(json.dumps(case))


if __name__ == "__main__":
    main()
