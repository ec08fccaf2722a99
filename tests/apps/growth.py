# SPDX-License-Identifier: GPL-2.0
"""growth.py KIND COUNT: what a program does many times costs no more each time. Four times as many may take 2.2 x 2.2 times as long, more
where it natively grows faster than the count.

The shortest of some rounds is taken, natively and emulated by turns: a busy moment makes single runs longer, but nothing that is
quadratic (16 times as long) ever becomes short.
"""
import dime_test

MOST_GROWTH = 2.2 ** 2
ROUNDS = 5


def nanoseconds(run, kind):
    dime_test.equal(run.status, 0, f"status of growth {kind} ({run.err[-1000:]})")
    return int(run.out)


def test(kind, count):
    small, large = count, str(4 * int(count))
    program = dime_test.PROGRAMS / "growth"
    shortest = {}

    def note(key, value):
        shortest[key] = min(shortest.get(key, value), value)

    for _ in range(ROUNDS):
        for amount in (small, large):
            note(("native", amount), nanoseconds(dime_test.native([program, kind, amount]), kind))
            note(("emulated", amount), nanoseconds(dime_test.emulated([program, kind, amount], "50%"), kind))
        natively = shortest["native", large] / shortest["native", small]
        growth = shortest["emulated", large] / shortest["emulated", small]
        most = MOST_GROWTH * max(1.0, natively / 4)
        if growth <= most:
            break
    each = {key: value / int(key[1]) / 1000 for key, value in shortest.items()}
    print(f"{kind}: {each['emulated', small]:.1f} us each of {small}, {each['emulated', large]:.1f} us each of {large}; "
          f"natively {each['native', small]:.1f} and {each['native', large]:.1f} us")
    dime_test.check(growth <= most, f"four times as many {kind} take {growth:.2f} times as long, natively {natively:.2f} times")


if __name__ == "__main__":
    dime_test.main(test)
