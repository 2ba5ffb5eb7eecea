"""An attempt to reach a store's usual port is found, by whomever it is made."""

import unittest

from .support import ROOT, expand, run_python

# Each is run with the ports of the stores moved to free ones, so that several may run at once.
RUN = """
import socket, sys
from test.network import __main__ as network
probes = [socket.create_server(("127.0.0.1", 0)) for _ in network.PORTS]
network.PORTS = {name: probe.getsockname()[1] for name, probe in zip(network.PORTS, probes)}
for probe in probes:
    probe.close()
script = sys.argv[1].replace("PORT", str(network.PORTS["redis"]))
sys.exit(network.main(["-c", script]))
"""
CONNECT = "import socket; socket.create_connection(('127.0.0.1', PORT)).close()"
SWALLOWED = f"""
try:
    {CONNECT}
except RuntimeError:
    pass
"""
BY_A_CHILD = f"import subprocess, sys; subprocess.call([sys.executable, '-c', {CONNECT!r}])"
WITHOUT_OUR_ENVIRONMENT = (
    f"import subprocess, sys; subprocess.call([sys.executable, '-I', '-c', {CONNECT!r}], env={{}})"
)
BY_A_FORK = f"""
import os
if pid := os.fork():
    os.waitpid(pid, 0)
else:
    {CONNECT}
"""
BY_ADDRESS = "import socket; socket.socket().connect(('127.0.0.1', PORT))"
BY_NAME = "import socket; socket.getaddrinfo('cache.example.org', 80)"
OWN_SERVER = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
"""


class NetworkTests(unittest.TestCase):
    def run_inside(self, script):
        return run_python("-c", RUN, script, cwd=ROOT)

    @expand(
        [
            ("swallowed", SWALLOWED, "socket.getaddrinfo 127.0.0.1:"),
            ("by_a_child", BY_A_CHILD, "socket.getaddrinfo 127.0.0.1:"),
            ("by_a_fork", BY_A_FORK, "socket.getaddrinfo 127.0.0.1:"),
            ("by_address", BY_ADDRESS, "socket.connect 127.0.0.1:"),
            ("by_name", BY_NAME, "socket.getaddrinfo cache.example.org:80"),
            ("without_our_environment", WITHOUT_OUR_ENVIRONMENT, "somebody came to the port of redis"),
        ],
        quick=2,
    )
    def test_found(self, _, script, told):
        """An attempt fails the run, and is told."""
        done = self.run_inside(script)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(told, done.stderr)

    def test_servers_of_tests(self):
        """A test may reach a server of its own."""
        done = self.run_inside(OWN_SERVER)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("nothing tried to reach a store", done.stderr)

    def test_failure_of_the_run(self):
        """The exit status of what is run is kept."""
        self.assertEqual(self.run_inside("import sys; sys.exit(3)").returncode, 3)
