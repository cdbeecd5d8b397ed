"""What holds the operator: the fence's policies with their bindings, and the Lease whose holder writes. Pure.

Whether the API server refuses what it must is tried by the operator itself; here is whether everything that it takes is there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from enc_operator.cli.doctor.install import Install
from enc_operator.cli.doctor.model import Check, Found, Manifest, Unreadable, fail, ok, unreadable, warn
from enc_operator.core.findings import ObjectRef
from enc_operator.core.objects.shapes import entries, mapping, text, texts
from enc_operator.process.settings import Settings

PARTS = ("epoch", "others", "rbac", "resources", "webhooks", "workloads")
"""The chart's policies (`templates/fence`)."""
_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
_MISSING = {_POLICY: "it does not exist", _BINDING: "it does not exist: its policy is silent"}
_AGAIN = "install the chart again: helm upgrade; until then the operator writes nothing"
_LATE = timedelta(seconds=60)

Objects = Sequence[Manifest] | Unreadable


def check_fence(
    install: Install, settings: Settings, policies: Objects, bindings: Objects
) -> Iterator[Check]:
    """Check that every policy is there with its binding, refuses, and is about this install's ServiceAccounts and Agents."""
    if not settings.fence:
        what = "fence.enabled is false: whoever gets hold of the operator's token can write any Role"
        yield warn("fence", what, fix="set fence.enabled: true in the chart's values")
        return

    def of_policy(part: str, where: ObjectRef, spec: Mapping[str, object]) -> Iterator[Check]:
        return _check_policy(part, where, spec, install, settings)

    wrong = [
        *_each(_POLICY, policies, install, of_policy),
        *_each(_BINDING, bindings, install, _check_binding),
    ]
    yield from dict.fromkeys(wrong)  # what may not be listed is said once
    if not wrong:
        yield ok("fence", f"{len(PARTS)} policies with their bindings refuse what they must")


def _each(
    kind: str,
    objects: Objects,
    install: Install,
    check: Callable[[str, ObjectRef, Mapping[str, object]], Iterator[Check]],
) -> Iterator[Check]:
    """Yield what is wrong with the objects of a kind, one for each part of the fence."""
    if isinstance(objects, Unreadable):
        yield unreadable("fence", objects)
        return
    for part in PARTS:
        where = ObjectRef(kind, "", f"enc-operator-fence.{install.namespace}.{part}")
        found = next((each for each in objects if text(each, "metadata", "name") == where.name), None)
        if spec := mapping(found, "spec"):
            yield from check(part, where, spec)
        else:
            yield fail("fence", _MISSING[kind], where, _AGAIN)


def _check_policy(
    part: str, where: ObjectRef, spec: Mapping[str, object], install: Install, settings: Settings
) -> Iterator[Check]:
    if text(spec, "failurePolicy") != "Fail":
        yield fail(
            "fence", "its failurePolicy is not Fail: what it cannot judge is let through", where, _AGAIN
        )
    if not _is_about(install, spec):
        what = f"it is not about the ServiceAccounts of namespace {install.namespace} alone"
        yield fail("fence", what, where, _AGAIN)
    if part == "rbac" and _listed(spec) != _agents(settings):
        what = (
            "the Agents in it are not those of the settings: what is written for one that it lacks is refused"
        )
        yield fail("fence", what, where, "change `agents` in the chart's values, never in one of its objects")


def _is_about(install: Install, spec: Mapping[str, object]) -> bool:
    told = [text(item, "expression") for _, item in entries(spec, "matchConditions")]
    return told == [f"request.userInfo.username.startsWith('system:serviceaccount:{install.namespace}:')"]


def _listed(spec: Mapping[str, object]) -> str:
    found = (item for _, item in entries(spec, "variables") if text(item, "name") == "agents")
    return next((text(item, "expression") for item in found), "")


def _agents(settings: Settings) -> str:
    """Return the Agents as the chart writes them (`enc-operator.celList`)."""
    names = sorted(f"'{namespace}/{name}'" for namespace, name in settings.accounts)
    return f"[{', '.join(names)}]"


def _check_binding(part: str, where: ObjectRef, spec: Mapping[str, object]) -> Iterator[Check]:
    if text(spec, "policyName") != where.name:
        yield fail("fence", f"it binds another policy than {where.name}", where, _AGAIN)
    elif "Deny" not in texts(spec, "validationActions"):
        yield fail("fence", "its validationActions lack Deny: its policy refuses nothing", where, _AGAIN)
    elif "matchResources" in spec:
        yield fail("fence", "its matchResources narrow what its policy judges", where, _AGAIN)
    elif part == "epoch" and text(spec, "paramRef", "parameterNotFoundAction") != "Deny":
        what = "without its parameter it lets everything through: parameterNotFoundAction is not Deny"
        yield fail("fence", what, where, _AGAIN)


def check_lease(settings: Settings, found: Found, now: datetime) -> Check:
    """Check that a leader holds the Lease and renews it; `now` is this machine's time."""
    where = ObjectRef("Lease", settings.lease.namespace, settings.lease.name)
    logs = f"see kubectl -n {where.namespace} logs -l app.kubernetes.io/component=operator"
    if isinstance(found, Unreadable):
        return unreadable("leader", found, where)
    if found is None:
        return fail("leader", "it does not exist: nobody leads", where, logs)
    spec = mapping(found, "spec")
    if not text(spec, "holderIdentity"):
        return fail("leader", "nobody holds it: nothing is written", where, logs)
    return _check_renewed(spec, where, now, logs)


def _check_renewed(spec: Mapping[str, object], where: ObjectRef, now: datetime, logs: str) -> Check:
    holder = text(spec, "holderIdentity")
    try:
        age = now - datetime.fromisoformat(text(spec, "renewTime"))
    except (ValueError, TypeError):
        return fail("leader", f"{holder} holds it, and never renewed it", where, logs)
    if age > _LATE:
        what = f"{holder} has not renewed it for {age.total_seconds():.0f} s: nothing is written"
        return fail("leader", what, where, f"{logs}; compare this machine's clock, too")
    if age < -_LATE:
        what = f"{holder} renewed it in this machine's future ({-age.total_seconds():.0f} s)"
        return warn("leader", what, where, "put this machine's clock right, or that of the operator's node")
    return ok("leader", f"{holder} holds it", where)
