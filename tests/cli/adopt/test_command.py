"""`encctl adopt` as a user meets it, on what a kubectl answers."""

from pathlib import Path

import pytest
import yaml

from adopting import CHART, ORDERS, SHOP, agents_of
from assessing import ROOT, pod
from enc_operator.cli.main import main
from kubectl_stand_in import StandIn, kinds
from pages import shell_commands
from scanning import Captured, replica


def read(folder: Path) -> dict[str, str]:
    """Return all files below a folder."""
    return {
        file.relative_to(folder).as_posix(): file.read_text() for file in folder.rglob("*") if file.is_file()
    }


def test_what_is_written(kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """The Agents as found, a target, a grant for what is in use, the values to change, and a guide."""
    kubectl.hold(CHART, SHOP)

    assert main(["adopt", str(tmp_path / "out")]) == 0

    out = capsys.readouterr().out
    files = read(tmp_path / "out")
    assert sorted(files) == [
        "README.md",
        "agent-values/dd.yaml",
        "grants/database.yaml",
        "grants/shop.yaml",
        "targets/datadog.yaml",
        "values.yaml",
    ]
    assert yaml.safe_load(files["values.yaml"]) == {
        "agents": [
            {"namespace": "datadog", "serviceAccounts": ["dd-datadog", "dd-datadog-cluster-agent"]},
        ]
    }
    assert "  # DaemonSet datadog/dd-datadog: node Agent\n" in files["values.yaml"]
    assert yaml.safe_load(files["targets/datadog.yaml"])["spec"] == {"manage": "RBAC", "crossNamespace": True}
    assert yaml.safe_load(files["agent-values/dd.yaml"]) == {
        "datadog": {"secretBackend": {"enableGlobalPermissions": False, "roles": []}}
    }
    assert "5 references in use, 4 denied as things stand; 3 SecretGrants for 2 owners to review; 0 would stop" in out  # fmt: skip


def test_grants_say_who_asks(kubectl: StandIn, tmp_path: Path) -> None:
    """By the workload, since its pods change their names; each owner's in a file of his own."""
    kubectl.hold(CHART, SHOP)

    main(["adopt", str(tmp_path)])

    found = (tmp_path / "grants/database.yaml").read_text()
    assert "# For the owner of namespace database: drop what you do not consent to.\n" in found
    assert (
        "# pods of ServiceAccount shop/web ask for orders, key password:\n#   Deployment shop/web\n" in found
    )
    assert "# the Agents' configuration in namespace datadog ask for cluster-db, key password:\n" in found
    [own] = yaml.safe_load_all((tmp_path / "grants/shop.yaml").read_text())
    assert own["spec"] == {
        "from": [{"agent": {"namespace": "datadog"}}],
        "to": [{"secretName": "redis", "keys": ["password"]}],
    }


def test_the_guide_has_the_steps_in_order(kubectl: StandIn, tmp_path: Path) -> None:
    """Consent and permissions before anything is taken away."""
    kubectl.hold(CHART, SHOP)

    main(["adopt", str(tmp_path)])

    guide = (tmp_path / "README.md").read_text()
    steps = [
        "helm install enc-operator",
        "kubectl apply --filename grants/",
        "kubectl apply --filename targets/",
        "kubectl --namespace datadog wait agenttarget/datadog --for condition=SafeToDropGlobalPermission",
        "helm upgrade dd datadog/datadog --version 3.240.0 --namespace datadog --reuse-values --values agent-values/dd.yaml",
        "encctl doctor",
    ]
    places = [guide.index(step) for step in steps]
    assert places == sorted(places)
    assert "collectSecretMetrics: false (stops: the metrics kubernetes\\_state.secret.\\*)" in guide
    assert "| datadog/dd-datadog | node Agent | every Secret of the cluster (get); " in guide


def test_the_guide_has_the_commands_of_the_page(kubectl: StandIn, tmp_path: Path) -> None:
    """The page shows those of an install like this one."""
    kubectl.hold(CHART, SHOP)

    main(["adopt", str(tmp_path)])

    [adopt, change_folder, *steps] = shell_commands((ROOT / "docs/adopting.md").read_text())
    assert shell_commands((tmp_path / "README.md").read_text()) == steps
    assert [adopt, change_folder] == ["encctl adopt adoption/", "cd adoption"]


def test_the_same_cluster_makes_the_same_files(kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """And --dry-run prints them, writing nothing."""
    kubectl.hold(CHART, SHOP)
    main(["adopt", str(tmp_path / "one")])
    main(["adopt", str(tmp_path / "two")])
    capsys.readouterr()

    assert main(["adopt", "--dry-run", str(tmp_path / "three")]) == 0

    files = read(tmp_path / "one")
    assert files == read(tmp_path / "two")
    assert not (tmp_path / "three").exists()
    printed = capsys.readouterr()
    assert all(f"==> {name} <==\n{text}" in printed.out for name, text in files.items())
    assert printed.err.endswith("0 would stop\n")


def test_what_somebody_has_changed_is_left_alone(kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """Until --force says otherwise; what nobody has changed is brought up to date."""
    kubectl.hold(CHART, SHOP)
    main(["adopt", str(tmp_path)])
    grants = tmp_path / "grants/database.yaml"
    grants.write_text(grants.read_text().replace("password", "other"))
    reviewed = grants.read_text()
    capsys.readouterr()

    kubectl.hold(CHART, SHOP, pod("ENC[k8s_secret@bank/safe/key]", name="more"))
    assert main(["adopt", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert grants.read_text() == reviewed
    assert f"{grants} was changed since, and is left alone; --force overwrites it" in said.err
    assert (tmp_path / "grants/bank.yaml").exists()

    assert main(["adopt", "--force", str(tmp_path)]) == 0
    assert grants.read_text() != reviewed

    kubectl.hold(CHART, SHOP)
    assert main(["adopt", str(tmp_path)]) == 0
    assert f"{tmp_path}/grants/bank.yaml is of an earlier run" in capsys.readouterr().err


def test_a_file_of_somebody_elses_is_left_alone(kubectl: StandIn, tmp_path: Path) -> None:
    """It does not begin as ours do."""
    kubectl.hold(CHART, SHOP)
    (tmp_path / "values.yaml").write_text("mine: true\n")

    assert main(["adopt", str(tmp_path)]) == 2

    assert (tmp_path / "values.yaml").read_text() == "mine: true\n"


def test_what_stops_all_the_same(kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """A name that only the pod decides, in somebody else's namespace; a Secret where nothing is ever written; never silently."""
    late = replica("web-6d4-7", pod("ENC[k8s_secret@database/%%env_X%%x-%%port%%/password]"))
    mine = pod("ENC[k8s_secret@kube-system/etcd/key]", namespace="kube-system", name="etcd")
    kubectl.hold(CHART, SHOP, late.replace("%%env_X%%", ""), mine)

    assert main(["adopt", str(tmp_path)]) == 1

    out = capsys.readouterr().out
    assert "Would stop all the same:\n" in out
    assert "  ENC[k8s_secret@kube-system/etcd/key] of Pod kube-system/etcd: its permission is not written\n" in out  # fmt: skip
    assert "of Deployment shop/web: denied\n" in out
    assert "No grant allows:\n" in out
    guide = (tmp_path / "README.md").read_text()
    assert "## What stops at step 5 although all of this is applied\n" in guide
    assert "## What no grant allows\n" in guide


def test_residual_and_spoofable_are_named(kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """What resolves for whoever must not use it is no reason to be silent, though nothing stops."""
    reaching = pod("ENC[nothing]", namespace="evil", name="mimic").replace("redis:8", "orders:1")
    file = yaml.safe_load_all(CHART)
    [checks] = [each for each in file if each and each["metadata"]["name"] == "dd-datadog-confd"]
    checks["data"]["orders.yaml"] = ORDERS
    orders = pod("ENC[nothing]", name="orders").replace("redis:8", "orders:1")
    kubectl.hold(*(yaml.safe_dump(each) for each in yaml.safe_load_all(CHART) if each and each["metadata"]["name"] != "dd-datadog-confd"), yaml.safe_dump(checks), SHOP, reaching, orders)  # fmt: skip

    main(["adopt", str(tmp_path)])

    out = capsys.readouterr().out
    assert "To look at:\n" in out
    assert "spoofable: ConfigMap datadog/dd-datadog-confd: " in out
    assert "Pod evil/mimic" in out
    assert "## To look at\n" in (tmp_path / "README.md").read_text()


def test_a_second_time_nothing_is_asked_for_that_is_there(kubectl: StandIn, tmp_path: Path) -> None:
    """Grants that are applied, and an AgentTarget that asks for its status only."""
    kubectl.hold(CHART, SHOP)
    main(["adopt", str(tmp_path / "one")])
    applied = [text for name, text in read(tmp_path / "one").items() if name.startswith("grants/")]
    there = (tmp_path / "one/targets/datadog.yaml").read_text().replace("manage: RBAC", "manage: Plan")

    kubectl.hold(CHART, SHOP, *applied, there)
    assert main(["adopt", str(tmp_path / "two")]) == 0

    assert sorted(read(tmp_path / "two")) == ["README.md", "agent-values/dd.yaml", "values.yaml"]
    guide = (tmp_path / "two/README.md").read_text()
    assert "No grants are needed." in guide
    assert 'patch agenttarget datadog --type merge --patch \'{"spec": {"manage": "RBAC"}}\'' in guide


def test_agents_that_read_nothing_more(kubectl: StandIn, tmp_path: Path) -> None:
    """There is nothing to take away; an AgentTarget of an injection stands as it is."""
    target = "apiVersion: enc-operator.io/v1alpha1\nkind: AgentTarget\nmetadata: {name: t, namespace: datadog}\nspec: {manage: Full}\n"
    kubectl.hold(agents_of(CHART), target)

    assert main(["adopt", str(tmp_path / "out")]) == 0

    assert sorted(read(tmp_path / "out")) == ["README.md", "values.yaml"]
    assert "Take the wider permissions away: there are none.\n" in (tmp_path / "out/README.md").read_text()


def test_agents_that_no_label_shows_are_named(kubectl: StandIn, tmp_path: Path) -> None:
    """The operator looks for labels; a target that says which workloads it means needs none."""
    label = "{agent.datadoghq.com/component: agent}"
    node, rest = agents_of(CHART).split("---", 1)
    stackstate = node.replace(label, "{app: dd}").replace("DD_SECRET", "STS_SECRET")
    kubectl.hold(stackstate.replace("/agent:7", "/stackstate-agent-2:3"), rest)

    assert main(["adopt", str(tmp_path / "out")]) == 0

    targets = list(yaml.safe_load_all((tmp_path / "out/targets/datadog.yaml").read_text()))
    assert [each["metadata"]["name"] for each in targets] == ["datadog", "stackstate"]
    assert targets[1]["spec"] == {
        "flavour": "stackstate",
        "workloads": [{"kind": "DaemonSet", "name": "dd-datadog", "component": "agent"}],
        "manage": "RBAC",
    }


def test_few_rights(kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """What could not be read is said, here and in the guide; where RBAC may not be, everything in use counts."""
    kubectl.hold(CHART, SHOP)
    kubectl.forbid(kinds("Service", "ClusterRole", "ClusterRoleBinding"))
    (kubectl.folder / "reviews.err").write_text("Error: not allowed\n")

    assert main(["adopt", str(tmp_path)]) == 2

    assert "encctl: services may not be listed" in capsys.readouterr().err
    assert "## What could not be read\n" in (tmp_path / "README.md").read_text()


def test_no_agent(kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """Then there is nothing to adopt."""
    kubectl.hold(SHOP)

    assert main(["adopt", str(tmp_path)]) == 2
    assert "no Agent was found; name its workload with --agent" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written(kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """It says which file and why."""
    kubectl.hold(CHART, SHOP)
    (tmp_path / "out").write_text("a file")

    assert main(["adopt", str(tmp_path / "out")]) == 2
    assert "choose a folder that can be written" in capsys.readouterr().err


@pytest.mark.parametrize("number", [12, 60], ids=["more than a terminal shows", "more than a page shows"])
def test_many(number: int, kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """Lists end where nobody reads on."""
    pods = [pod("ENC[k8s_secret@database/x-%%port%%/key]", name=f"pod-{each}") for each in range(number)]
    kubectl.hold(CHART, SHOP, *pods)

    assert main(["adopt", str(tmp_path)]) == 1

    assert f"  and {number - 10} more, in README.md\n" in capsys.readouterr().out
    shown = f"- and {number - 50} more, which `encctl scan` shows"
    assert (shown in (tmp_path / "README.md").read_text()) == (number > 50)


def test_the_vendors_operator(kubectl: StandIn, tmp_path: Path) -> None:
    """What a DatadogAgent gives is changed there, by hand."""
    made_by = "app.kubernetes.io/managed-by: datadog-operator, agent.datadoghq.com/name: dd"
    chart = CHART.replace("helm.sh/chart: datadog-3.240.0", "a: b")
    chart = chart.replace("app.kubernetes.io/managed-by: Helm", made_by)
    kubectl.hold(chart.replace("kind: ClusterRole\nmetadata: {name: dd-datadog, ", "kind: ClusterRole\nmetadata: {name: dd-datadog-secret-backend, ").replace("kind: ClusterRole, name: dd-datadog}", "kind: ClusterRole, name: dd-datadog-secret-backend}"))  # fmt: skip

    main(["adopt", str(tmp_path / "out")])

    assert sorted((tmp_path / "out/agent-values").iterdir()) == [
        tmp_path / "out/agent-values/datadog-dd.yaml"
    ]
    guide = (tmp_path / "out/README.md").read_text()
    assert "Into the DatadogAgent datadog/dd, put what `agent-values/datadog-dd.yaml` says." in guide
    assert "- remove rules" in guide
