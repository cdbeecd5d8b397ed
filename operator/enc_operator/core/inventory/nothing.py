"""The empty mapping that facts share, so that what a fact does not have costs no memory."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, Any] = MappingProxyType({})
