"""enc-operator: who may resolve which secret handle, and the least permissions that make it so."""

__version__ = "0.1.0"
