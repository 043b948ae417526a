"""IUTs: the implementations that wirelaw tests. Everything about one except how it speaks.

descriptor = iut.load("mosquitto")
iut.install(descriptor)                      # does nothing when it is
with iut.start(descriptor) as running:
    running.url("tcp"), running.ports["ws"], running.credentials, running.netns_fd
    running.alive(), running.restart(), running.log_since(offset), running.diagnostics()
with iut.external("tcp://127.0.0.1:1883") as running: ...
with iut.upper_tester(iut.load("mqttjs"), host, port, case) as tester: ...
"""

from wirelaw.iut.descriptor import (
    Credentials,
    Descriptor,
    Deviation,
    Listener,
    parse,
)
from wirelaw.iut.outside import External, external
from wirelaw.iut.find import all_descriptors, load, names
from wirelaw.iut.installation import cache_folder, install, installed, missing_tools, version
from wirelaw.iut.logs import Diagnostic, diagnostics
from wirelaw.iut.running import Running, start
from wirelaw.iut.tls import Certificates, make_certificates
from wirelaw.iut.upper import UpperTester, from_command, upper_tester

__all__ = [
    "Certificates",
    "Credentials",
    "Descriptor",
    "Deviation",
    "Diagnostic",
    "External",
    "Listener",
    "Running",
    "UpperTester",
    "all_descriptors",
    "cache_folder",
    "diagnostics",
    "external",
    "from_command",
    "install",
    "installed",
    "load",
    "make_certificates",
    "missing_tools",
    "names",
    "parse",
    "start",
    "upper_tester",
    "version",
]
