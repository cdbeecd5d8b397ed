"""Kubernetes objects, as decoded manifests, to facts.

What belongs here: shapes of objects. What does not: what a fact means for access, and where manifests come from.
"""
