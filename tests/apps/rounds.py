# SPDX-License-Identifier: GPL-2.0
"""A program that verifies its pages round after round, for tests that attach to it or change its instance meanwhile."""
import dime_test
import watchdog


class Rounds:
    def __init__(self, pages=1500, threads=2, local=None, options=dime_test.UNDELAYED):
        self.stop_file = dime_test.scratch / "stop"
        self.progress = dime_test.scratch / "progress"
        self.seen = 0
        command = [dime_test.PROGRAMS / "rounds", pages, threads, self.stop_file, self.progress]
        self.started = dime_test.start_emulated(command, local, options) if local else dime_test.start(command)
        self.more(2)
        self.pid = watchdog.children(self.started.pid)[0] if local else self.started.pid

    def done(self):
        """Finished rounds, as far as known: the program may be rewriting the file just now."""
        text = self.progress.read_text() if self.progress.exists() else ""
        if text.endswith("\n"):
            self.seen = int(text)
        return self.seen

    def more(self, rounds):
        """Waits until as many further rounds were finished."""
        goal = self.done() + rounds

        def reached():
            dime_test.check(self.started.process.poll() is None, f"the program ended: {self.started.err_path.read_text()}")
            return self.done() >= goal

        dime_test.wait_until(reached, f"{rounds} rounds", seconds=60)

    def finish(self):
        self.stop_file.touch()
        run = self.started.wait()
        dime_test.equal((run.status, run.out), (0, b"all pages right\n"), f"the program's end ({run.err[-1000:]})")
        return run
