# SPDX-License-Identifier: GPL-2.0
# packages: libpython3.11-testsuite python3
# seconds: 200
cases() { echo test_list test_dict test_set test_bytes test_unicode test_array test_deque test_heapq test_bisect test_json test_pickle test_struct test_re test_zlib test_bz2 \
  test_mmap test_ctypes test_signal test_thread test_queue test_os test_io test_file test_fileio test_select test_poll test_epoll test_selectors test_fcntl test_resource \
  test_memoryview test_buffer test_gc test_weakref test_generators test_coroutines test_decimal test_float test_int test_sort test_hashlib test_sqlite3 test_posix test_popen; }
run_case() { python3 -B -m test -q --timeout 1000 "$1"; }
result() { grep -aE '^(FAIL|ERROR):|^Ran [0-9]+ tests?' | sed -E 's/ in [0-9.]+s//'; :; }
