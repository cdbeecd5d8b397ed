"""The only code that talks to the API server: the gateway that every call passes, watches, access reviews, leases, writes.

Decisions do not belong here: what to write and what to ask comes from the core.
"""
