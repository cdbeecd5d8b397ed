"""The admission webhook's process: it serves reviews, keeps its certificates, and asks what the decision needs to know.

What is decided stands in `enc_operator.core`; the operator's own work in `controller`.
"""
