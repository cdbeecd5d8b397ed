"""A cluster's worth of manifests, made from a number: 30 in 100 carry a handle, the rest are what stands around them."""

from collections.abc import Iterator
from pathlib import Path

_AGENTS = Path(__file__).parents[2] / "manifests/examples/agents"


def manifests(count: int) -> Iterator[str]:
    """Yield `count` manifests: workloads with and without handles, Services, ConfigMaps, Secrets, RBAC."""
    for number in range(count):
        yield _manifest(number)


def write(folder: Path, count: int) -> None:
    """Write the manifests into files of 50, beside an Agent install."""
    for file in _AGENTS.iterdir():
        (folder / file.name).write_text(file.read_text())
    pieces = list(manifests(count))
    for start in range(0, count, 50):
        (folder / f"part-{start:06}.yaml").write_text("---\n".join(pieces[start : start + 50]))


def _manifest(number: int) -> str:
    team = f"team-{number % 97}"
    kind = number % 10
    if kind < 3:
        return _workload(number, team, _annotations(kind, number))
    if kind < 6:
        return _workload(number, team, "")
    if kind == 6:
        return _simple("Service", team, number, "spec:\n  selector: {app: a}\n  ports:\n  - port: 80\n")
    if kind == 7:
        return _simple(
            "ConfigMap",
            team,
            number,
            "data:\n  app.properties: |\n    a=1\n    b=2\n  json: '{\"a\": [1, 2, 3]}'\n",
        )
    if kind == 8:
        return _simple("Secret", team, number, "stringData:\n  password: example\n")
    return _binding(team, number)


def _annotations(kind: int, number: int) -> str:
    handle = f"ENC[k8s_secret@%%kube_namespace%%/db-{number}/password]"
    if kind == 1:
        handle = f"ENC[k8s_secret@team-{(number + 1) % 97}/shared-{number % 50}/password]"
    if kind == 2:
        return (
            f"      annotations:\n        ad.datadoghq.com/app.check_names: '[\"redisdb\"]'\n"
            f"        ad.datadoghq.com/app.init_configs: '[{{}}]'\n"
            f'        ad.datadoghq.com/app.instances: \'[{{"host": "%%host%%", "password": "{handle}"}}]\'\n'
        )
    checks = f'{{"postgres": {{"instances": [{{"host": "%%host%%", "password": "{handle}"}}]}}}}'
    return f"      annotations:\n        ad.datadoghq.com/app.checks: |\n          {checks}\n"


def _workload(number: int, team: str, annotations: str) -> str:
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
  namespace: {team}
  labels: {{app: app-{number}, team: {team}}}
spec:
  replicas: 3
  selector:
    matchLabels: {{app: app-{number}}}
  template:
    metadata:
      labels: {{app: app-{number}}}
{annotations}    spec:
      serviceAccountName: app-{number}
      containers:
      - name: app
        image: registry.example/{team}/app:{number}
        ports:
        - containerPort: 8080
        env:
        - name: A
          value: "1"
        - name: B
          value: two
        resources:
          requests: {{cpu: 100m, memory: 64Mi}}
      - name: sidecar
        image: registry.example/sidecar:1
"""


def _simple(kind: str, team: str, number: int, body: str) -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: thing-{number}\n  namespace: {team}\n{body}"


def _binding(team: str, number: int) -> str:
    group = "rbac.authorization.k8s.io"
    return f"""apiVersion: {group}/v1
kind: RoleBinding
metadata:
  name: binding-{number}
  namespace: {team}
roleRef: {{apiGroup: {group}, kind: ClusterRole, name: view}}
subjects:
- {{kind: ServiceAccount, name: app-{number - 9}, namespace: {team}}}
"""
