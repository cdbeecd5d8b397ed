"""Grants as their owner reads them."""

import yaml

from agent_manifests import pod
from assessing import inventory_of
from enc_operator.cli.grant.merging import plan_grants
from enc_operator.cli.grant.planning import plan_asked
from enc_operator.cli.grant.rendering import HEADER, render_file
from enc_operator.cli.loading import assess_inventory
from granting import GRANT

ORDERS = "ENC[k8s_secret@db/orders/password]"
SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: front
  namespace: shop
  annotations:
    ad.datadoghq.com/service.checks: '{"http_check": {"instances": [{"password": "ENC[k8s_secret@db/orders/password]"}]}}'
"""


def rendered(*texts: str) -> str:
    """Return the file for namespace db."""
    inventory = inventory_of(*texts)
    asked, _ = plan_asked(assess_inventory(inventory).judged)
    return render_file("db", plan_grants(asked, inventory.grants, None))


def test_file() -> None:
    """The file says for whom it is, who asks for which key and where, and then the grant."""
    expected = """\
# Written by encctl grant, for review: drop what you do not consent to.
# For the owner of namespace db.
---
# pods of ServiceAccount shop/default ask for orders, key password:
#   Pod shop/web (file0.yaml:1)
apiVersion: enc-operator.io/v1alpha1
kind: SecretGrant
metadata:
  name: shop-default
  namespace: db
spec:
  from:
  - namespace: shop
    serviceAccounts:
    - default
  to:
  - secretName: orders
    keys:
    - password
"""

    assert rendered(pod(ORDERS)) == expected
    assert expected.startswith(HEADER)


def test_what_is_wide_is_said() -> None:
    """A grant for all of a namespace or all of a Secret says why."""
    found = rendered(SERVICE, pod("ENC[k8s_secret@db/other/%%host%%]"))

    assert (
        "# all pods and Services of namespace shop ask for orders, key password:\n#   Service shop/front"
        in found
    )
    assert "# All of namespace shop, since a Service has no ServiceAccount that could be named.\n" in found
    assert "ask for a key of other that only the running pod decides, so all of them:\n" in found


def test_many_places() -> None:
    """Of many referrers some are shown."""
    found = rendered(*(pod(ORDERS, name=f"p{number}") for number in range(9)))

    assert found.count("#   Pod shop/p") == 5
    assert "#   and 4 more\n" in found


def test_extended() -> None:
    """A grant that takes another's place says which, and that is what it does when both are applied."""
    found = rendered(GRANT, pod("ENC[k8s_secret@db/orders/user]", serviceAccountName="web"))

    assert "# Takes the place of SecretGrant db/g (file0.yaml:2), which allows less.\n" in found


def test_comments_stay_comments() -> None:
    """No name of the input can end a comment, and so write YAML of its own."""
    hostile = pod(ORDERS, name="x\n---\nkind: Secret\n# \u2028kind: Role\x85a: b")
    [document] = yaml.safe_load_all(rendered(hostile))

    assert document["kind"] == "SecretGrant"
