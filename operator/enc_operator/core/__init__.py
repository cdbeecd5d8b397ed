"""The pure core: facts in, an assessment out.

What belongs here: the grammar of templates, who resolves a reference, whether it may, what permissions and which changed
workloads follow. What does not: files, clocks, networks, the Kubernetes client, printing.
"""
