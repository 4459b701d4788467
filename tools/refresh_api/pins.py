"""Which service a flat method name belongs to: snake-case name -> service, or false if ambiguous.

A name once flat keeps its first owner, so that a new operation of another service breaks no caller;
a name once ambiguous stays so.
"""


def owners(services):
    """snake-case name -> the services that have it, in the order given."""
    found = {}
    for service, facts in services.items():
        for operation in facts["operations"].values():
            found.setdefault(operation["snake"], []).append(service)
    return found


def update(pins, services):
    """The pins after a refresh: the known ones as they were, and one for each new name."""
    result = dict(pins)
    for name, having in owners(services).items():
        if name not in result:
            result[name] = having[0] if len(having) == 1 else False
    return dict(sorted(result.items()))


def first(services):
    """The pins where there is no file of them yet."""
    return update({}, services)


def stale(pins, services):
    """Pinned names whose owner has no such operation any more."""
    found = owners(services)
    return [name for name, owner in pins.items() if owner and owner not in found.get(name, [])]


def shadowed(pins, services):
    """Pinned name -> the other services that have it now, reached by their namespace only."""
    found = owners(services)
    return {name: [service for service in found.get(name, []) if service != owner]
            for name, owner in pins.items() if owner and len(found.get(name, [])) > 1}
