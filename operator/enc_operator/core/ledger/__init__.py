"""`assess` in pieces, for a cluster that changes: what a change touches is read, judged and planned anew, and nothing else.

After any history of changes the permissions are those that `assess` gives for the facts that are left; a property test holds it to
that. Asking, writing and waiting do not belong here: time and answers come in as values.
"""
