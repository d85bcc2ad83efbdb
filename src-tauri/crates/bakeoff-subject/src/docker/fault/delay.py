# Delays what leaves the node whose network this program shares, where the kernel has no netem:
#   python3 -c SCRIPT LEASE TAG QUEUE MINIMUM_MS MAXIMUM_MS ADDRESS…
# Each packet to one of the addresses waits in a netfilter queue for a time between the two. Ends after LEASE seconds or
# when it is told to; the rules (one an address, so that one link can be cleared alone) go before it does, and they let
# packets pass when nobody listens.
import heapq, random, select, signal, socket, struct, subprocess, sys, time

lease, tag, queue, low, high = float(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
addresses = sys.argv[6:]

NETFILTER = 12  # the netlink family
PACKET, VERDICT, CONFIG = 0x300, 0x301, 0x302  # subsystem 3 (queue) << 8 | message
ACCEPT = 1
FAIL_OPEN, GSO = 1, 4
REQUEST, ACK = 1, 4

link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
link.bind((0, 0))
for size in (socket.SO_RCVBUF, 33):  # 33: SO_RCVBUFFORCE, which needs the capability that the sidecar has
    try:
        link.setsockopt(socket.SOL_SOCKET, size, 8 << 20)
    except OSError:
        pass
# A lost message is a lost packet; it must not end the program.
link.setsockopt(270, 5, 1)  # SOL_NETLINK, NETLINK_NO_ENOBUFS


def attribute(kind, payload):
    size = 4 + len(payload)
    return struct.pack("=HH", size, kind) + payload + b"\0" * (-size % 4)


def message(kind, flags, payload):
    body = struct.pack(">BBH", 0, 0, queue) + payload
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0) + body


def configure(payload):
    link.send(message(CONFIG, REQUEST | ACK, payload))
    answer = link.recv(65536)
    code = struct.unpack_from("=i", answer, 16)[0]
    if code:
        sys.exit("nfqueue: error %d" % -code)


configure(attribute(1, struct.pack(">BBH", 1, 0, 2)))  # bind, for IPv4
configure(attribute(2, struct.pack(">IB", 0, 1)))  # nothing of a packet but that it is there
configure(attribute(3, struct.pack(">I", 16384)))  # so many may wait
configure(attribute(4, struct.pack(">I", FAIL_OPEN | GSO)) + attribute(5, struct.pack(">I", FAIL_OPEN | GSO)))

rules = [["OUTPUT", "-d", address, "-m", "comment", "--comment", tag, "-j", "NFQUEUE", "--queue-num", str(queue),
          "--queue-bypass"] for address in addresses]


def remove_rules():
    # One that somebody has cleared is gone already.
    for rule in rules:
        subprocess.run(["iptables", "-w", "-D"] + rule, stderr=subprocess.DEVNULL)


stopping = []
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stopping.append(1))
for rule in rules:
    done = subprocess.run(["iptables", "-w", "-A"] + rule, stderr=subprocess.PIPE)
    if done.returncode:
        remove_rules()
        sys.exit(done.stderr.decode(errors="replace"))
print("ready", flush=True)

waiting = []
end = time.monotonic() + lease


def let_go(until):
    while waiting and waiting[0][0] <= until:
        identity = heapq.heappop(waiting)[1]
        link.send(message(VERDICT, REQUEST, attribute(2, struct.pack(">II", ACCEPT, identity))))


while not stopping and time.monotonic() < end:
    now = time.monotonic()
    let_go(now)
    soonest = min(waiting[0][0], end) if waiting else end
    # At most half a second, so that a signal between the look at `stopping` and the wait is not missed for long.
    if not select.select([link], [], [], max(0.0, min(0.5, soonest - now)))[0]:
        continue
    data = link.recv(1 << 20)
    now, at = time.monotonic(), 0
    while at + 16 <= len(data):
        size, kind = struct.unpack_from("=IH", data, at)
        if size < 16:
            break
        if kind == PACKET:
            # The first attribute is always the packet's header, which begins with its number.
            identity = struct.unpack_from(">I", data, at + 16 + 4 + 4)[0]
            heapq.heappush(waiting, (now + random.uniform(low, high) / 1000, identity))
        at += (size + 3) & ~3

remove_rules()
let_go(float("inf"))
