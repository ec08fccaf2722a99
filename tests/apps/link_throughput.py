# SPDX-License-Identifier: GPL-2.0
"""Four threads together never get more than the link's bandwidth, and one page takes its transfer time."""
import json

import dime_test


def test():
    options = ("--latency", "5us", "--bandwidth", "200Mbit/s", "--allow-floor")
    for threads in (1, 4):
        run = dime_test.emulated([dime_test.WORKLOADS / "remote_access", threads, 600, 1200 // threads], "300p", options)
        dime_test.equal(run.status, 0, "status")
        seen = json.loads(run.out)
        carried = seen["pages_per_second"] * 4096 * 8
        link = run.result["link"]
        print(f"{threads} threads: {carried / 1e6:.2f} Mbit/s carried; {link}")
        dime_test.check(carried <= 200e6 * 1.005, f"{carried / 1e6:.2f} Mbit/s over a link of 200 Mbit/s")
        dime_test.check(seen["again"]["p50"] >= 0.98 * (163_840 + 5000), f"stall of {seen['again']['p50']} ns")
        fetched = run.result["faults"]["remote"] * 4096
        dime_test.check(abs(link["bytes_rx"] - fetched) <= 16 * 4096, f"bytes_rx {link['bytes_rx']}, but {fetched} bytes were fetched")
        dime_test.check(link["bytes_tx"] > 0, "dirty pages were evicted, but none written back")


if __name__ == "__main__":
    dime_test.main(test)
