"""Joins botocore's facts with what the present facts know from npm packages alone.

Such knowledge is marked "src": "js" on operations, shapes, members and paginators. Added values of
enumerations and added errors of operations carry no mark; while a service's sources name an npm
package, those that botocore lacks are kept too, as both are open sets. In all else botocore wins.
"""
from copy import deepcopy

NPM = "@aws-sdk/"


def npm_sources(facts):
    return {name: version for name, version in facts["service"]["sources"].items()
            if name.startswith(NPM)}


def is_npm(node):
    return node.get("src") == "js"


def references(shape):
    """The names of the shapes that a shape is made of."""
    names = [member["shape"] for member in shape.get("members", {}).values()]
    elements = [shape[role] for role in ("member", "key", "value") if role in shape]
    return names + [element["shape"] if isinstance(element, dict) else element for element in elements]


class _Merge:
    def __init__(self, old, new):
        self.old, self.facts = old, deepcopy(new)
        self.kept, self.wanted = [], []

    def keep(self, text, *shapes):
        self.kept.append(text)
        self.wanted.extend(shapes)

    def operations(self):
        for name, operation in self.old["operations"].items():
            if name not in self.facts["operations"]:
                if is_npm(operation):
                    self.facts["operations"][name] = deepcopy(operation)
                    sides = [operation[side] for side in ("in", "out") if side in operation]
                    self.keep("operation " + name, *sides, *operation.get("errors", []))
            elif npm_sources(self.old):
                self._errors(name, operation)

    def _errors(self, name, operation):
        errors = self.facts["operations"][name]["errors"]
        for error in operation.get("errors", []):
            if error not in errors:
                errors.append(error)
                self.keep("error %s of %s" % (error, name), error)

    def paginators(self):
        for name, paginator in self.old["paginators"].items():
            known = name in self.facts["paginators"] or name not in self.facts["operations"]
            if is_npm(paginator) and not known:
                self.facts["paginators"][name] = deepcopy(paginator)
                self.keep("paginator " + name)

    def shapes(self):
        for name, shape in self.old["shapes"].items():
            target = self.facts["shapes"].get(name)
            if target and target["type"] == shape["type"]:
                self._members(name, shape, target)
                if npm_sources(self.old):
                    self._values(name, shape, target)

    def _members(self, shape_name, shape, target):
        for name, member in shape.get("members", {}).items():
            if is_npm(member) and name not in target.get("members", {}):
                target.setdefault("members", {})[name] = deepcopy(member)
                self.keep("member %s.%s" % (shape_name, name), member["shape"])

    def _values(self, name, shape, target):
        for value in shape.get("enum", []):
            if "enum" in target and value not in target["enum"]:
                target["enum"].append(value)
                self.keep("value %s of %s" % (value, name))

    def missing_shapes(self):
        """What the kept parts are made of, where botocore does not have it."""
        while self.wanted:
            name = self.wanted.pop()
            if name not in self.facts["shapes"]:
                shape = deepcopy(self.old["shapes"][name])
                self.facts["shapes"][name] = shape
                self.keep("shape " + name, *references(shape))

    def finish(self):
        for part in ("operations", "shapes"):
            self.facts[part] = dict(sorted(self.facts[part].items()))
        if self.kept:
            self.facts["service"]["sources"].update(npm_sources(self.old))
        return self.facts, self.kept


def merge(old, new):
    """The merged facts of one service, and a list of what was kept from npm packages."""
    work = _Merge(old, new)
    work.operations()
    work.paginators()
    work.shapes()
    work.missing_shapes()
    return work.finish()
