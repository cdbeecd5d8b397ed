"""From a cluster to all checks, in the order in which a person would debug. What each check means is not here."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import yaml

from enc_operator.cli.doctor import admission, fence, install
from enc_operator.cli.doctor.agents import check_access, check_workloads
from enc_operator.cli.doctor.cluster import CRDS_PATH, check_crds, check_version
from enc_operator.cli.doctor.install import Install
from enc_operator.cli.doctor.model import Check, Manifest, Unreadable, fail, unreadable
from enc_operator.cli.doctor.pods import check_pods, selector_of
from enc_operator.cli.doctor.reading import Looker
from enc_operator.cli.doctor.references import check_references, check_sources
from enc_operator.cli.doctor.targets import check_targets
from enc_operator.cli.doctor.trial import try_webhook
from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.loading import Options
from enc_operator.cli.scan.assessing import assess_held
from enc_operator.cli.scan.kinds import TARGETS
from enc_operator.cli.scan.reading import ClusterReader, Held
from enc_operator.cli.scan.report import View
from enc_operator.cli.scan.standing import as_they_stand
from enc_operator.core.agents.install import agent_workloads
from enc_operator.core.findings import ObjectRef
from enc_operator.core.objects.shapes import text
from enc_operator.packaged_crds import crd_texts
from enc_operator.process.settings import Settings, Webhook

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"


class Doctor:
    """Looks at one cluster; `namespace` is that of the install, empty where it is to be found. Raises EncError where nobody answers."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self._kubectl = kubectl
        self._look = Looker(kubectl)
        self._namespace = namespace
        self._now = datetime.now(UTC)  # noqa: TID251 - the door is where time enters

    def checks(self) -> Iterator[Check]:
        """Yield every check as soon as it is done."""
        yield check_version(self._look.one("/version"))
        crds = {each["metadata"]["name"]: each for each in map(yaml.safe_load, crd_texts())}
        yield from check_crds(crds, {name: self._look.one(f"{CRDS_PATH}/{name}") for name in crds})
        settings = yield from self._check_install()
        yield from check_targets(self._look.many(TARGETS.path()))
        yield from self._check_agents(settings)

    def _check_install(self) -> Generator[Check, None, Settings | None]:
        """Yield the checks of the install, and return its settings, None where they are not known."""
        within = f"/namespaces/{self._namespace}" if self._namespace else ""
        found = self._look.many(f"/apis/apps/v1{within}/deployments", {"labelSelector": install.LABEL})
        if isinstance(found, Unreadable):
            fix = "" if self._namespace else ", or name the install's namespace with --namespace"
            yield replace(unreadable("operator", found), fix=f"{unreadable('operator', found).fix}{fix}")
            return None
        there = install.find_install(found)
        if there is None:
            where = f"namespace {self._namespace}" if self._namespace else "the cluster"
            what = f"no Deployment of the operator is in {where} (label {install.LABEL})"
            yield fail(
                "operator", what, fix="install it: docs/install.md; or name its namespace with --namespace"
            )
            return None
        yield from self._check_deployments(found, there, "operator")
        settings = self._settings(there)
        if isinstance(settings, Check):
            yield settings
            return None
        yield from self._check_settings(there, settings)
        if settings.webhook:
            yield from self._check_webhook(there, settings.webhook, found)
        return settings

    def _check_deployments(self, found: list[Manifest], there: Install, component: str) -> Iterator[Check]:
        selector = f"app.kubernetes.io/instance={there.release},app.kubernetes.io/component={component}"
        mine = [
            each
            for each in found
            if install.component_of(each) == component
            and text(each, "metadata", "namespace") == there.namespace
        ]
        for each in mine:
            pods = self._look.many(f"/api/v1/namespaces/{there.namespace}/pods", {"labelSelector": selector})
            yield from install.check_deployment(each, pods)
        if not mine:
            where = ObjectRef("Deployment", there.namespace, f"{there.name}-{component}")
            yield fail(component, "it does not exist", where, "install the chart again: helm upgrade")

    def _settings(self, there: Install) -> Settings | Check:
        where = ObjectRef("ConfigMap", there.namespace, there.name)
        found = self._look.one(f"/api/v1/namespaces/{there.namespace}/configmaps/{there.name}")
        return install.read_configured(found, where)

    def _check_settings(self, there: Install, settings: Settings) -> Iterator[Check]:
        core = "/api/v1/namespaces"
        namespaces = {each.namespace: self._look.one(f"{core}/{each.namespace}") for each in settings.agents}
        accounts = {
            (namespace, name): self._look.one(f"{core}/{namespace}/serviceaccounts/{name}")
            for namespace, name in sorted(settings.accounts)
        }
        yield from install.check_agents(settings, namespaces, accounts)
        policies = self._look.many(f"{_ADMISSION}/validatingadmissionpolicies")
        bindings = self._look.many(f"{_ADMISSION}/validatingadmissionpolicybindings")
        yield from fence.check_fence(there, settings, policies, bindings)
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{settings.lease.namespace}/leases"
        yield fence.check_lease(settings, self._look.one(f"{leases}/{settings.lease.name}"), self._now)

    def _check_webhook(self, there: Install, webhook: Webhook, found: list[Manifest]) -> Iterator[Check]:
        yield from self._check_deployments(found, there, "webhook")
        name = there.global_name
        validating = self._look.one(f"{_ADMISSION}/validatingwebhookconfigurations/{name}")
        yield from admission.check_configuration(there, webhook, validating, self._now)
        mutating = self._look.one(f"{_ADMISSION}/mutatingwebhookconfigurations/{name}")
        if mutating is not None or webhook.certificates.mutating_configuration:
            kind = "MutatingWebhookConfiguration"
            yield from admission.check_configuration(there, webhook, mutating, self._now, kind)
        place = admission.service_of(validating)
        if place:
            yield from self._check_service(*place)
        yield try_webhook(self._kubectl, there, webhook.probe)

    def _check_service(self, namespace: str, name: str) -> Iterator[Check]:
        service = self._look.one(f"/api/v1/namespaces/{namespace}/services/{name}")
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        slices = self._look.many(path, {"labelSelector": f"kubernetes.io/service-name={name}"})
        yield from admission.check_service((namespace, name), service, slices)

    def _check_agents(self, settings: Settings | None) -> Iterator[Check]:
        trusted = settings.trusted_namespace_labels if settings else frozenset()
        held = ClusterReader(self._kubectl, Options(trusted_labels=trusted), "").read(lambda *_: None)
        as_they_stand(held.inventory)
        scanned = assess_held(held, self._kubectl, "")
        yield from check_workloads(held, scanned, settings)
        yield from self._check_pods(held)
        yield from check_access(held, scanned)
        yield from check_references(View(scanned, held.owners, narrowed=False), held)
        yield from check_sources(held)

    def _check_pods(self, held: Held) -> Iterator[Check]:
        for workload in sorted(agent_workloads(held.inventory), key=lambda each: each.object):
            where, selector = workload.object, selector_of(workload.manifest)
            if selector:
                path = f"/api/v1/namespaces/{where.namespace}/pods"
                yield from check_pods(where, self._look.many(path, {"labelSelector": selector}))
