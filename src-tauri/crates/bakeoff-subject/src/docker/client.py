#!/usr/bin/python3
import json, os, socket, sys
link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
name = os.path.basename(sys.argv[0])
try:
    link.connect("/tmp/.control")
    link.sendall((json.dumps({"program": name, "arguments": sys.argv[1:]}) + "\n").encode())
    answer = json.loads(link.makefile("rb").readline())
except (OSError, ValueError):
    sys.exit(name + ": no answer")
sys.stdout.write(answer["stdout"])
sys.stderr.write(answer["stderr"])
sys.exit(answer["exit"])
