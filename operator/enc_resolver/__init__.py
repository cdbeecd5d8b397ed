"""What an Agent executes: the handle grammar, the Agent's protocol, and the reading of Secrets.

Standard library only, Python 3.8 and later. Nothing in here knows the operator.
"""
