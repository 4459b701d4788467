"""Endpoints as facts: partitions, one URL template for each service and variant, known regions.

The rule sets are evaluated, not read: every template is checked against its rule set for each
region and variant, so that a service which takes an unknown form stops the refresh.
"""
import re

VARIANTS = (
    # name, UseFIPS, UseDualStack, the common template
    ("default", False, False, "https://{p}.{region}.{dnsSuffix}"),
    ("fips", True, False, "https://{p}-fips.{region}.{dnsSuffix}"),
    ("dualstack", False, True, "https://{p}.{region}.{dualStackDnsSuffix}"),
    ("fips+dualstack", True, True, "https://{p}-fips.{region}.{dualStackDnsSuffix}"),
)

# Services that are reached at the new domain only, whatever is asked for: FIPS and partition too.
NEW_DOMAIN = "https://{p}.{region}.api.aws"

ORDER = [
    "endpoint given: with fips -> error fips+custom, with dualstack -> error dualstack+custom, "
    "else use it",
    "no region -> error noregion",
    "partition: exact region name, else first regionRegex that matches, else aws",
    "fips+dualstack, fips, dualstack, default",
]

GLOBAL_NOTE = ("only with UseGlobalEndpoint (sts_regional_endpoints=legacy); "
               "region aws-global always")


class RuleError(Exception):
    """A rule set that this evaluator does not understand, or that breaks the common form."""


def partition_facts(partitions):
    facts = []
    for partition in partitions["partitions"]:
        outputs = partition["outputs"]
        facts.append({
            "id": partition["id"],
            "regionRegex": partition["regionRegex"],
            "dnsSuffix": outputs["dnsSuffix"],
            "dualStackDnsSuffix": outputs["dualStackDnsSuffix"],
            "supportsFIPS": outputs["supportsFIPS"],
            "supportsDualStack": outputs["supportsDualStack"],
            "implicitGlobalRegion": outputs["implicitGlobalRegion"],
            "regions": sorted(partition["regions"]),
        })
    return facts


def partition_of(region, partitions):
    for partition in partitions:
        if region in partition["regions"]:
            return partition
    for partition in partitions:
        if re.match(partition["regionRegex"], region):
            return partition
    return next(partition for partition in partitions if partition["id"] == "aws")


class Rules:
    """Evaluates one endpoint rule set."""

    def __init__(self, rules, partitions):
        self.rules, self.partitions = rules["rules"], partitions

    def resolve(self, **parameters):
        """("endpoint", url, properties) or ("error", message, {})."""
        answer = self._first(self.rules, parameters)
        if answer is None:
            raise RuleError("no rule applies to %r" % parameters)
        return answer

    def _first(self, rules, scope):
        for rule in rules:
            inner = dict(scope)
            if all(self._condition(condition, inner) for condition in rule["conditions"]):
                answer = self._apply(rule, inner)
                if answer is not None:
                    return answer
        return None

    def _apply(self, rule, scope):
        if rule["type"] == "tree":
            return self._first(rule["rules"], scope)
        if rule["type"] == "error":
            return "error", self._value(rule["error"], scope), {}
        endpoint = rule["endpoint"]
        return "endpoint", self._value(endpoint["url"], scope), endpoint.get("properties", {})

    def _condition(self, condition, scope):
        value = self._call(condition, scope)
        if value is None or value is False:
            return False
        if "assign" in condition:
            scope[condition["assign"]] = value
        return True

    def _call(self, call, scope):
        name = call["fn"]
        values = [self._value(argument, scope) for argument in call["argv"]]
        if name == "isSet":
            return values[0] is not None
        if name == "not":
            return not values[0]
        if name in ("booleanEquals", "stringEquals"):
            return values[0] == values[1]
        if name == "getAttr":
            return values[0][values[1]]
        if name == "aws.partition":
            partition = partition_of(values[0], self.partitions)
            return dict(partition, name=partition["id"])
        raise RuleError("unknown function " + name)

    def _value(self, argument, scope):
        if isinstance(argument, dict):
            if "ref" in argument:
                return scope.get(argument["ref"])
            return self._call(argument, scope)
        if isinstance(argument, str):
            return re.sub(r"\{([^{}]+)\}", lambda found: self._reference(found[1], scope), argument)
        return argument

    @staticmethod
    def _reference(text, scope):
        name, _, attribute = text.partition("#")
        return scope[name][attribute] if attribute else scope[name]


def fill(template, prefix, region, partition):
    return (template.replace("{p}", prefix).replace("{region}", region)
            .replace("{dnsSuffix}", partition["dnsSuffix"])
            .replace("{dualStackDnsSuffix}", partition["dualStackDnsSuffix"]))


def _is_exception(service, region, partition, variant):
    """The two places where sts departs from the common form; both are facts of their own."""
    if service != "sts":
        return False
    return region == "aws-global" and variant == "default" or \
        partition["id"] == "aws-us-gov" and variant == "fips"


def _resolved(service, rules, partitions, variant, fips, dualstack):
    """Yields region, partition and URL wherever the variant is one that a template must give."""
    evaluator = Rules(rules, partitions)
    for partition in partitions:
        if fips and not partition["supportsFIPS"] or \
                dualstack and not partition["supportsDualStack"]:
            continue
        for region in partition["regions"]:
            if _is_exception(service, region, partition, variant):
                continue
            kind, url, _ = evaluator.resolve(Region=region, UseFIPS=fips, UseDualStack=dualstack,
                                             UseGlobalEndpoint=False)
            if kind != "endpoint":
                raise RuleError("%s in %s (%s): %s" % (service, region, variant, url))
            yield region, partition, url


def service_templates(service, prefix, rules, partitions):
    """The template of each variant that agrees with the rule set in every region."""
    templates = {"prefix": prefix}
    for variant, fips, dualstack, common in VARIANTS:
        found = list(_resolved(service, rules, partitions, variant, fips, dualstack))
        for template in (common, NEW_DOMAIN):
            if all(url == fill(template, prefix, region, partition)
                   for region, partition, url in found):
                templates[variant] = template
                break
        else:
            raise RuleError("%s (%s): no template gives %s; endpoints.py must learn its form"
                            % (service, variant, found[0][2]))
    return templates


def sts_global(rules, partitions):
    """Where the one global endpoint of sts is used, and what signs for it."""
    evaluator, regions, url, signing = Rules(rules, partitions), [], None, None
    for partition in partitions:
        for region in partition["regions"]:
            _, found, properties = evaluator.resolve(Region=region, UseFIPS=False,
                                                     UseDualStack=False, UseGlobalEndpoint=True)
            if region not in found and properties.get("authSchemes"):
                regions.append(region)
                url, signing = found, properties["authSchemes"][0]["signingRegion"]
    return {"regions": sorted(regions), "url": url, "signingRegion": signing, "note": GLOBAL_NOTE}


def sts_fips_gov(rules, partitions):
    region = "us-gov-west-1"
    _, url, _ = Rules(rules, partitions).resolve(Region=region, UseFIPS=True, UseDualStack=False,
                                                 UseGlobalEndpoint=False)
    return url.replace(region, "{region}")


def error_texts(rules, partitions):
    """What the rule sets say about combinations that have no endpoint."""
    bare = [dict(partition, supportsFIPS=False, supportsDualStack=False)
            for partition in partitions]
    given = {"Endpoint": "https://localhost"}
    cases = (
        ("fips+custom", {"UseFIPS": True, "UseDualStack": False, **given}),
        ("dualstack+custom", {"UseFIPS": False, "UseDualStack": True, **given}),
        ("fips+dualstack", {"UseFIPS": True, "UseDualStack": True, "Region": "us-east-1"}),
        ("fips", {"UseFIPS": True, "UseDualStack": False, "Region": "us-east-1"}),
        ("dualstack", {"UseFIPS": False, "UseDualStack": True, "Region": "us-east-1"}),
        ("noregion", {"UseFIPS": False, "UseDualStack": False}),
    )
    evaluator, texts = Rules(rules, bare), {}
    for name, parameters in cases:
        kind, texts[name], _ = evaluator.resolve(**parameters)
        if kind != "error":
            raise RuleError("%s is no error any more" % name)
    return texts


def _endpoint_group(service, key, regions):
    """The list of known regions that an entry of endpoints.json belongs to, and its region."""
    if key in regions or key.endswith("-global"):
        return service, key
    for region in regions:
        if key == region + "-fips":
            return None, region
        if key == "fips-" + region:
            return service + "-fips", region
        if key.endswith("-" + region):
            return key[:-len(region) - 1] + " (explicit host)", region
    raise RuleError("endpoints.json: cannot tell the region of %s/%s" % (service, key))


def known_regions(endpoints, prefixes):
    groups = {}
    for partition in endpoints["partitions"]:
        # The longest first: "us-gov-east-1" ends in no other region, but a future one may.
        regions = sorted(partition["regions"], key=len, reverse=True)
        for service in prefixes:
            entries = partition["services"].get(service, {}).get("endpoints", {})
            for key in entries:
                group, region = _endpoint_group(service, key, regions)
                if group:
                    found = groups.setdefault(group, {})
                    found.setdefault(partition["partition"], set()).add(region)
    return {group: {partition: sorted(regions) for partition, regions in found.items()}
            for group, found in sorted(groups.items())}


def extract(version, partitions, endpoints, services):
    """All of it. `services`: id -> (endpoint prefix, rule set), sts among them."""
    facts = partition_facts(partitions)
    sts_rules = services["sts"][1]
    return {
        "source": "botocore " + version,
        "partitions": facts,
        "services": {service: service_templates(service, prefix, rules, facts)
                     for service, (prefix, rules) in services.items()},
        "stsGlobal": sts_global(sts_rules, facts),
        "stsFipsGov": sts_fips_gov(sts_rules, facts),
        "order": ORDER,
        "errors": error_texts(next(iter(services.values()))[1], facts),
        "knownRegions": known_regions(endpoints, sorted({p for p, _ in services.values()})),
    }


def merge(old, new):
    """Keeps the regions that only the npm packages know. Returns what was kept."""
    known, kept = {p["id"]: p for p in new["partitions"]}, {}
    for partition, regions in old.get("regionsFromNpmOnly", {}).items():
        missing = [r for r in regions if r not in known[partition]["regions"]]
        if missing:
            kept[partition] = missing
            known[partition]["regions"] = sorted(known[partition]["regions"] + missing)
    if kept:
        known_list = new.pop("knownRegions")
        new["regionsFromNpmOnly"], new["knownRegions"] = kept, known_list
    return kept


def own_domain(service, templates):
    """Notes the domain of a service whose endpoints are not under the partition's."""
    match = re.fullmatch(r"https://\{p\}\.\{region\}\.([a-z0-9.-]+)", templates["default"])
    service.pop("domain", None)
    if match:
        service["domain"] = match[1]
