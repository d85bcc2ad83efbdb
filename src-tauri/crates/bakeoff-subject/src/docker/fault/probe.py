# Looks at a node's network from inside it:
#   python3 -c SCRIPT TAG WHAT ADDRESS…
# Prints one JSON line: {"rules": n, "netem": bool, "milliseconds": [[…] per address]} where null is an attempt that
# nobody answered. A refused connection is an answer.
import json, select, socket, subprocess, sys, time

tag, attempts, limit, addresses = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


def measure(address):
    """All attempts at once, each to a port where nobody listens."""
    poll, begun, took = select.poll(), {}, []
    for _ in range(attempts):
        attempt = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        attempt.setblocking(False)
        start = time.monotonic()
        code = attempt.connect_ex((address, 9))
        if code == 111:
            took.append((time.monotonic() - start) * 1000)
            continue
        begun[attempt.fileno()] = (attempt, start)
        poll.register(attempt, select.POLLOUT)
    end = time.monotonic() + limit
    while begun and time.monotonic() < end:
        for number, _ in poll.poll(max(0, (end - time.monotonic()) * 1000)):
            attempt, start = begun.pop(number)
            poll.unregister(number)
            code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            took.append((time.monotonic() - start) * 1000 if code in (0, 111) else None)
            attempt.close()
    return [None if one is None else round(one, 3) for one in took + [None] * len(begun)]


rules = sum(tag in line for line in run("iptables-save", "-t", "filter").splitlines())
netem = "netem" in run("tc", "qdisc", "show")
print(json.dumps({"rules": rules, "netem": netem, "milliseconds": [measure(one) for one in addresses]}))
