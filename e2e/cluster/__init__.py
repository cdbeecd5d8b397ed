"""Real Kubernetes clusters for tests and people: native processes, kind, or one that exists already.

What a cluster is stands in `interface`, which one a test gets in `choice`. No test and no knowledge of enc-operator live here.
"""
