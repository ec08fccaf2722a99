# SPDX-License-Identifier: GPL-2.0
"""py_subprocess.py COUNT: children by subprocess (vfork and exec), by a shell, and by popen, with data through pipes; prints what came back."""
import hashlib
import os
import subprocess
import sys

count = int(sys.argv[1])
block = b"".join(b"%d\n" % (number * 7919 % 100_003) for number in range(4_000 * count))
for _ in range(count):
    result = subprocess.run(["sort", "-n"], input=block, stdout=subprocess.PIPE, check=True)
    print(hashlib.sha256(result.stdout).hexdigest())
for number in range(3 * count):
    print(subprocess.run(["sh", "-c", f"echo $(({number} * 3)) | cat; exit {number}"], stdout=subprocess.PIPE, check=False))
code = "import sys; data = sys.stdin.buffer.read(); print(len(data), sum(data))"
print(subprocess.run([sys.executable, "-c", code], input=block, stdout=subprocess.PIPE, check=True).stdout)
print(os.popen("seq 1 1000 | md5sum").read().split()[0])
print(hashlib.sha256(block).hexdigest())
