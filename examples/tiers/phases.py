# SPDX-License-Identifier: GPL-2.0
"""The same from Python, through ctypes.

    LIBDIME=.../libdime.so dime run --tier 'far: latency=60us,local=100p' --local 50% -- python3 phases.py

Without dime it does the same and says nothing.
"""
import ctypes
import mmap
import os

PAGES = 400
dime = ctypes.CDLL(os.environ.get("LIBDIME", "libdime.so.1"))
dime.dime_place.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
dime.dime_pin.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
dime.dime_mark.argtypes = (ctypes.c_char_p,)

table = mmap.mmap(-1, PAGES * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
address = ctypes.addressof(ctypes.c_char.from_buffer(table))
if dime.dime_place(address, len(table), b"far") != 0:
    print("there is no tier 'far'")

dime.dime_mark(b"fill")
for page in range(PAGES):
    table[page * mmap.PAGESIZE] = page % 256
dime.dime_mark(b"search")
total = sum(table[page * mmap.PAGESIZE] for _ in range(3) for page in range(PAGES))
dime.dime_mark(b"end")
print(total)
