"""What differs between two versions of the facts."""
from collections import namedtuple

from merge import is_npm

# action: added, removed, changed; kind: operation, error, shape, member, value, required, limit,
# trait, page, waiter; careful: a caller may notice.
Change = namedtuple("Change", "action kind where detail careful")

LIMITS = ("min", "max", "pattern")
_HTTP = ("snake", "method", "uri", "in", "code", "authtype")


def _show(value):
    if isinstance(value, dict):
        return "{" + ", ".join("%s: %s" % (k, _show(v)) for k, v in value.items()) + "}"
    return "none" if value is None else str(value)


def _sets(kind, where, old, new, careful_action):
    changes = [Change("removed", kind, where, item, careful_action == "removed")
               for item in old if item not in new]
    return changes + [Change("added", kind, where, item, careful_action == "added")
                      for item in new if item not in old]


def _fields(kind, where, old, new, names, careful):
    """A change for each of `names` that differs; careful(name, old, new) judges it."""
    return [Change("changed", kind, where,
                   "%s: %s -> %s" % (name, _show(old.get(name)), _show(new.get(name))),
                   careful(name, old.get(name), new.get(name)))
            for name in names if old.get(name) != new.get(name)]


def _names(old, new, *left_out):
    return [name for name in dict.fromkeys([*old, *new]) if name not in ("src", *left_out)]


def _operation(name, old, new):
    changes = _fields("operation", name, old, new, _names(old, new, "errors"),
                      lambda field, *_: field in _HTTP)
    return changes + _sets("error", name, old.get("errors", []), new.get("errors", []), None)


def _tightened(name, old, new):
    if name == "pattern" or new is None:
        return name == "pattern" and new is not None
    return old is None or (new > old if name == "min" else new < old)


def _members(where, old, new, from_npm):
    changes = _sets("member", where, old, new, "removed")
    for name in old:
        if name in new:
            left_out = ("shape",) if from_npm or is_npm(old[name]) else ()
            changes += _fields("member", where + "." + name, old[name], new[name],
                               _names(old[name], new[name], *left_out),
                               lambda field, *_: field in ("loc", "wire"))
    return changes


def _shape(name, old, new):
    """npm packages know neither limits nor exact number types: coming to know them is no change."""
    from_npm = is_npm(old)
    changes = _members(name, old.get("members", {}), new.get("members", {}), from_npm)
    changes += _sets("value", name, old.get("enum", []), new.get("enum", []), None)
    changes += _sets("required", name, old.get("required", []), new.get("required", []), "added")
    if from_npm:
        return changes
    changes += _fields("limit", name, old, new, LIMITS, _tightened)
    rest = _names(old, new, "members", "enum", "required", *LIMITS)
    return changes + _fields("trait", name, old, new, rest, lambda field, *_: field == "type")


def _part(kind, old, new, compare, describe):
    changes = []
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            changes.append(Change("removed", kind, name, "", kind == "operation"))
        elif name not in old:
            changes.append(Change("added", kind, name, describe(new[name]), False))
        elif old[name] != new[name]:
            changes += compare(name, old[name], new[name])
    return changes


def _whole(kind):
    return lambda name, old, new: _fields(kind, name, old, new, _names(old, new),
                                          lambda *_: False)


def compare(old, new):
    """The changes from one service's facts to another version of them."""
    changes = _fields("service", "service", old["service"], new["service"],
                      _names(old["service"], new["service"], "sources"), lambda *_: True)
    changes += _part("operation", old["operations"], new["operations"], _operation,
                     lambda operation: "%(method)s %(uri)s" % operation)
    changes += _part("shape", old["shapes"], new["shapes"], _shape, lambda shape: shape["type"])
    changes += _part("page", old["paginators"], new["paginators"], _whole("page"), _show)
    return changes + _part("waiter", old["waiters"], new["waiters"], _whole("waiter"),
                           lambda waiter: waiter["operation"])


def marks(facts):
    """How many operations, shapes, members and paginators are known from npm packages alone."""
    nodes = [node for part in ("operations", "shapes", "paginators")
             for node in facts[part].values()]
    nodes += [member for shape in facts["shapes"].values()
              for member in shape.get("members", {}).values()]
    return sum(map(is_npm, nodes))
