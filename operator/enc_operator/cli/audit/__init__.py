"""`encctl audit`: what Agents can read today that they need not. What it comes to is decided in core.audit."""
