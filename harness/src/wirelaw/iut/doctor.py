"""What can run on this machine, what is missing, and the command that gets it."""

from __future__ import annotations

from dataclasses import dataclass

from wirelaw.iut import installation, netns
from wirelaw.iut.descriptor import Descriptor


@dataclass(frozen=True)
class Finding:
    """`state`: ready, or which of these is in the way: install, tools, permission, build."""

    name: str
    state: str
    version: str | None
    problem: str | None
    remedy: str | None
    limits: str | None = None  # what it cannot do here although it runs


def examine(descriptor: Descriptor) -> Finding:
    """Look, change nothing."""
    tools = installation.missing_tools(descriptor)
    if tools:
        packages = " ".join(installation.PACKAGE_OF_TOOL.get(tool, tool) for tool in tools)
        return _in_the_way(
            descriptor, "tools", f"{', '.join(tools)} not found", f"apt-get install {packages}"
        )
    if not installation.installed(descriptor):
        if descriptor.install.registry == "ours":
            problem = f"{descriptor.install.program} is not built"
            return _in_the_way(descriptor, "build", problem, "./wirelaw --version")
        return _in_the_way(
            descriptor, "install", "not installed", f"wirelaw iut install {descriptor.name}"
        )
    return _running(descriptor)


def _in_the_way(descriptor: Descriptor, state: str, problem: str, remedy: str) -> Finding:
    return Finding(descriptor.name, state, None, problem, remedy)


def _running(descriptor: Descriptor) -> Finding:
    version = installation.version(descriptor)
    reason = netns.missing_permission()
    if reason is None or descriptor.start is None:
        return Finding(descriptor.name, "ready", version, None, None)
    remedy = "unshare --map-root-user --net wirelaw ..."
    if descriptor.start.netns:
        problem = "binds every address, and needs root for a network namespace of its own"
        return Finding(descriptor.name, "permission", version, problem, remedy)
    barred = [name for name, listener in descriptor.listeners.items() if listener.netns]
    limits = f"no {', '.join(barred)} without root" if barred else None
    return Finding(descriptor.name, "ready", version, None, None, limits)
