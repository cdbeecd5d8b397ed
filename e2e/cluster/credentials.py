"""Certificates, keys and kubeconfigs of a native cluster: every client is known by its certificate, as kubeadm has it."""

import json
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from e2e.cluster.folder import Folder


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Credentials:
    """One cluster's certification authority."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._authority = trustme.CA(organization_name="enc-operator e2e")
        self.authority = Pair(
            folder.file("pki/ca.crt", self._authority.cert_pem.bytes().decode()),
            folder.file("pki/ca.key", self._authority.private_key_pem.bytes().decode()),
        )
        self.service_accounts = Pair(folder.path / "pki/sa.pub", folder.path / "pki/sa.key")
        self._make_signing_key()

    def issue(self, name: str, common_name: str, *hosts: str, organization: str | None = None) -> Pair:
        """Make a certificate for a server at `hosts`, for a client called `common_name` in the group `organization`, or both."""
        # Without a host there would be an empty and critical extension, which Go refuses.
        made = self._authority.issue_cert(
            *(hosts or (f"{name}.invalid",)), common_name=common_name, organization_name=organization
        )
        chain = "".join(each.bytes().decode() for each in made.cert_chain_pems)
        return Pair(
            self._folder.file(f"pki/{name}.crt", chain),
            self._folder.file(f"pki/{name}.key", made.private_key_pem.bytes().decode()),
        )

    def kubeconfig(self, name: str, server: str, common_name: str, organization: str | None = None) -> Path:
        """Write a kubeconfig for a user of its own, self-contained but for its certificates' paths."""
        pair = self.issue(name, common_name, organization=organization)
        cluster = {"server": server, "certificate-authority": str(self.authority.certificate)}
        user = {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "enc-e2e", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "enc-e2e", "context": {"cluster": "enc-e2e", "user": name}}],
            "current-context": "enc-e2e",
        }
        return self._folder.file(f"{name}.kubeconfig", json.dumps(content, indent=1))

    def _make_signing_key(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._folder.file("pki/sa.key", private.decode())
        self._folder.file("pki/sa.pub", public.decode())
