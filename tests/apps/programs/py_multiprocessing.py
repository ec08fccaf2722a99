# SPDX-License-Identifier: GPL-2.0
"""py_multiprocessing.py THOUSANDS: a pool of forked workers that read what they inherited, and a shared array; prints checksums."""
import hashlib
import multiprocessing
import sys

count = 1000 * int(sys.argv[1])
inherited = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]


def digest(start):
    part = inherited[start:start + 1000]
    return hashlib.sha256("".join(part).encode()).hexdigest()


def fill(array, start):
    for index in range(start, start + 2000):
        array[index] = index * 3


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool:
        parts = pool.map(digest, range(0, count, 1000))
    print(hashlib.sha256("".join(parts).encode()).hexdigest())
    shared = context.Array("q", 8000)
    workers = [context.Process(target=fill, args=(shared, start)) for start in range(0, 8000, 2000)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(sum(shared), [worker.exitcode for worker in workers])
    print(hashlib.sha256("".join(inherited).encode()).hexdigest())
