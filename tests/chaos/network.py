"""Network namespaces of the harness's own for daemon and agents, joined by veth pairs, and what is done to them."""

import os
import shutil
import socket
import subprocess
import time

PORT = 7700
RELAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay.py")


def free_ports(count):
    """A port with count - 1 free ones after it."""
    for base in range(20000 + os.getpid() % 2000 * 16, 60000, 16):
        held = []
        try:
            for port in range(base, base + count):
                sock = socket.socket()
                held.append(sock)
                sock.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for sock in held:
                sock.close()
    raise RuntimeError("no free ports")


def quiet(*argv, text=None):
    done = subprocess.run(argv, input=text, text=True, capture_output=True, check=False)
    return done.returncode == 0, done.stderr.strip()


def must(*argv):
    done, why = quiet(*argv)
    if not done:
        raise RuntimeError(f"{' '.join(argv)}: {why}")


class Loopback:
    """No namespaces: everything on this machine's loopback, the relays beside each other."""

    isolated = False

    def __init__(self, agents):
        base = free_ports(4 * (len(agents) + 1))
        self.daemon_port = base
        self.agent_ports = {agent: base + 4 * (index + 1) for index, agent in enumerate(agents)}

    def inside(self, _who):
        return []

    def server(self, agent=None):
        return f"tcp://127.0.0.1:{self.agent_ports[agent] if agent else self.daemon_port}"

    def relays(self):
        """{name: (argv, where)}"""
        return {f"relay-{agent}": (["/usr/bin/python3", RELAY, f"127.0.0.1:{port}=127.0.0.1:{self.daemon_port}"], None)
                for agent, port in self.agent_ports.items()}

    def close(self):
        pass


class Namespaces:
    """One namespace for the daemon and its clients, one for each agent. Names carry the pid of the harness."""

    isolated = True

    def __init__(self, agents):
        self.agents = list(agents)
        self.prefix = f"sweepd-chaos-{os.getpid()}-"
        self.made = []
        self.filter = shutil.which("nft") or shutil.which("iptables")
        try:
            self._make(None)
            for agent in self.agents:
                self._make(agent)
                self._join(agent)
        except BaseException:
            self.close()
            raise

    def _name(self, who):
        return self.prefix + (who or "daemon")

    def _make(self, who):
        must("ip", "netns", "add", self._name(who))
        self.made.append(self._name(who))
        must("ip", "-n", self._name(who), "link", "set", "lo", "up")

    def _net(self, agent):
        return f"10.77.{self.agents.index(agent) + 1}"

    def _join(self, agent):
        here, there = self._name(None), self._name(agent)
        must("ip", "-n", here, "link", "add", f"to-{agent}", "type", "veth", "peer", "name", "home", "netns", there)
        for name, link, last in ((here, f"to-{agent}", 1), (there, "home", 2)):
            must("ip", "-n", name, "addr", "add", f"{self._net(agent)}.{last}/30", "dev", link)
            must("ip", "-n", name, "link", "set", link, "up")

    def inside(self, who):
        return ["nsenter", f"--net=/run/netns/{self._name(who)}", "--"]

    def server(self, _agent=None):
        return f"tcp://127.0.0.1:{PORT}"

    def relays(self):
        daemon = [f"{self._net(agent)}.1:{PORT}=127.0.0.1:{PORT}" for agent in self.agents]
        found = {"relay-daemon": (["/usr/bin/python3", RELAY, *daemon], None)}
        for agent in self.agents:
            route = f"127.0.0.1:{PORT}={self._net(agent)}.1:{PORT}"
            found[f"relay-{agent}"] = (["/usr/bin/python3", RELAY, route], agent)
        return found

    # ---- what is done to the link of an agent; each returns what undoes it, or None when it cannot be done here

    def partition(self, agent):
        must("ip", "-n", self._name(agent), "link", "set", "home", "down")
        return lambda: quiet("ip", "-n", self._name(agent), "link", "set", "home", "up")

    def drop(self, agent, direction):
        """direction: what the agent would hear is `in`, what it says is `out`."""
        if self.filter is None:
            return None
        inside = self.inside(agent)
        if self.filter.endswith("nft"):
            device = "iifname" if direction == "in" else "oifname"
            hook = "input" if direction == "in" else "output"
            table = f"chaos_{direction}"
            done, why = quiet(*inside, "nft", "-f", "-", text=(
                f"table inet {table} {{\nchain c {{\ntype filter hook {hook} priority 0\n{device} \"home\" drop\n}}\n}}\n"))
            undo = [*inside, "nft", "delete", "table", "inet", table]
        else:
            rule = ["INPUT", "-i", "home"] if direction == "in" else ["OUTPUT", "-o", "home"]
            done, why = quiet(*inside, "iptables", "-A", *rule, "-j", "DROP")
            undo = [*inside, "iptables", "-D", *rule, "-j", "DROP"]
        if not done:
            raise RuntimeError(why)
        return lambda: quiet(*undo)

    def slow(self, agent):
        ends = [(self._name(agent), "home"), (self._name(None), f"to-{agent}")]
        for name, link in ends:
            done, _ = quiet("tc", "-n", name, "qdisc", "add", "dev", link, "root",
                            "tbf", "rate", "256kbit", "burst", "16kb", "latency", "400ms")
            if not done:
                return None
        return lambda: [quiet("tc", "-n", name, "qdisc", "del", "dev", link, "root") for name, link in ends]

    def close(self):
        # With the last process of a namespace its links go, too.
        for name in reversed(self.made):
            for _ in range(50):
                if quiet("ip", "netns", "del", name)[0] or not os.path.exists(f"/run/netns/{name}"):
                    break
                time.sleep(0.1)
        self.made = []
