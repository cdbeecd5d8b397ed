"""Codes about Agents and their own configuration."""

from collections.abc import Mapping

from enc_operator.core.findings.entries import Entry, error, info, unread, warning

AGENTS: Mapping[str, Entry] = {
    "agent-refused": error(
        "the workload cannot take the resolver",
        "Windows, GKE Autopilot, or no container that resolves handles: the resolver cannot be put there.",
        "Use a backend that this platform has, and set the AgentTarget's `resolver.mode` to `none`.",
    ),
    "agent-unknown": error(
        "a workload that was named as an Agent is not in the input",
        "What it would resolve is judged as if there were no such Agent.",
        "Check the namespace, the kind and the name.",
    ),
    "backend-conflict": warning(
        "the workload has a backend command of its own, which stays",
        "The resolver is not put where somebody has configured another one, so its rules do not hold there.",
        "Remove the command, or set the AgentTarget's `resolver.mode` to `none`.",
    ),
    "backend-kept": info(
        "the workload uses one of the vendor's other backends, which stays",
        "What such a backend reads outside Kubernetes is its own affair; nothing is granted for it.",
        "Nothing to do.",
    ),
    "backend-overridden": warning(
        "the environment overrides the backend of the Agent's file",
        "The Agent takes environment variables before its file. The backend that the file names is never asked.",
        "Configure the backend at one place.",
    ),
    "config-invalid": unread(
        "an Agent's file cannot be read",
        "With a broken main file the Agent does not start; a broken check's file it drops.",
        "Correct the YAML at this place.",
    ),
    "env-misspelt": warning(
        "a variable that is close to a setting of the secret backend",
        "The Agent ignores variables that it does not know. The setting keeps its default, without an error.",
        "Write the variable that is meant.",
    ),
    "env-unknown": warning(
        "a handle in a variable that is no setting of the Agent",
        "Only variables that are bound to a setting are resolved. In any other one the handle stays text.",
        "Use the variable of the setting that is meant, or a template that reads it with `%%env_…%%`.",
    ),
    "handle-in-secret-setting": error(
        "a handle in a setting of the secret backend itself",
        "The backend is configured before it can resolve anything.",
        "Write the value out.",
    ),
    "no-agent": info(
        "the input has no Agent that would resolve these handles",
        "Grammar and access are judged; permissions follow when the Agents' manifests are read too.",
        "Add the Agents' manifests to the input, or name one with `--agent`.",
    ),
}
