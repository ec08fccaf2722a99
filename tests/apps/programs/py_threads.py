# SPDX-License-Identifier: GPL-2.0
"""py_threads.py COUNT: threads that exchange work through queues; prints a checksum that does not depend on their order."""
import hashlib
import queue
import sys
import threading

count = int(sys.argv[1])
work = queue.Queue(maxsize=64)
done = queue.Queue()


def serve():
    while (number := work.get()) is not None:
        data = hashlib.sha256(number.to_bytes(8, "big")).digest() * 512
        done.put((number, hashlib.sha256(data).hexdigest()))


threads = [threading.Thread(target=serve) for _ in range(6)]
for thread in threads:
    thread.start()
for number in range(count):
    work.put(number)
for _ in threads:
    work.put(None)
for thread in threads:
    thread.join()
results = sorted(done.get() for _ in range(count))
print(hashlib.sha256(repr(results).encode()).hexdigest())
