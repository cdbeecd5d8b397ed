"""The user's own kubectl, through which encctl meets a cluster: which one, as whom, and each call.

No Kubernetes client of ours: exec credentials, proxies and contexts work as the user's kubectl has them. What a command asks
for stands with the command.
"""
