# ruff: noqa: ANN001, ANN201, D103, E731
"""Try to open connections, or to see and write files, and print how each trial ended as JSON.

Run by systemd under the directives of a unit: `network_probe.py PORT REMOTE_SOCKET`, or
`network_probe.py look HOME`. Each trial ends as "done" or as the name of the error.
"""

import errno
import json
import socket
import subprocess
import sys
from pathlib import Path

OUTSIDE = "192.0.2.1"  # of TEST-NET-1: nobody is there


def outcome(trial):
    try:
        trial()
    except (TimeoutError, socket.gaierror):
        return "refused"
    except ImportError:  # of the system's own Python
        return "not tried"
    except OSError as exc:
        return errno.errorcode.get(exc.errno, str(exc))
    return "done"


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        sock.connect(address)


def send(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"\0" * 12, address)


def make(family, kind, protocol=0):
    socket.socket(family, kind, protocol).close()


def listen():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()


def ask_eidos_remote(path):
    import zmq

    from eidos_remote.messages import Done, Ping, decode_reply, encode

    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.connect(f"ipc://{path}")
        dealer.send_multipart(encode(Ping(id="probe")))
        if not dealer.poll(20_000) or not isinstance(decode_reply(dealer.recv_multipart()), Done):
            raise TimeoutError


def network(port, remote):
    trials = {
        "connect by IPv4": lambda: connect(socket.AF_INET, ("127.0.0.1", port)),
        "connect by IPv6": lambda: connect(socket.AF_INET6, ("::1", port)),
        "connect outside": lambda: connect(socket.AF_INET, (OUTSIDE, 443)),
        "listen": listen,
        "datagram": lambda: send(("127.0.0.1", port)),
        "datagram outside": lambda: send((OUTSIDE, 53)),
        "name server": lambda: send(("127.0.0.53", 53)),
        "names": lambda: socket.getaddrinfo("example.com", 443),
        "netlink": lambda: make(socket.AF_NETLINK, socket.SOCK_RAW),
        "packets": lambda: make(socket.AF_PACKET, socket.SOCK_RAW),
        "raw": lambda: make(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        "bluetooth": lambda: make(31, socket.SOCK_RAW),
        "vsock": lambda: make(socket.AF_VSOCK, socket.SOCK_STREAM),
        "pair": lambda: make(socket.AF_INET6, socket.SOCK_DGRAM),
        "eidos": lambda: ask_eidos_remote(remote),
    }
    return {name: outcome(trial) for name, trial in trials.items()}


def look(home):
    write = lambda place: lambda: Path(home, place).write_text("x")
    program = Path(home, ".local/state/eidos/program")
    results = {
        "home": [path.name for path in Path(home).iterdir()],
        "read the settings": outcome(Path(home, ".config/eidos/k").read_text),
        "write the settings": outcome(write(".config/eidos/new")),
        "write the models": outcome(write(".local/share/eidos/models/new")),
        "write the home": outcome(write("new")),
        "write the state": outcome(write(".local/state/eidos/program")),
    }
    program.chmod(0o755)
    results["run a program"] = outcome(lambda: subprocess.run([program], check=False))
    program.unlink()
    return results


if __name__ == "__main__":
    first, second = sys.argv[1:]
    print(json.dumps(look(second) if first == "look" else network(int(first), second)))  # noqa: T201
