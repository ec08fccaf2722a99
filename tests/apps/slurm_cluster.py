# SPDX-License-Identifier: GPL-2.0
"""A Slurm of one node on loopback, with everything that it keeps in the test's scratch folder."""
import os
import socket
import subprocess

import dime_test

CONFIG = """\
ClusterName=dime
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmdPort={daemon}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MailProg=/bin/true
JobRequeue=1
ReturnToService=2
KillWait=2
MaxArraySize={array}
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=0,batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Slurm:
    """Started at once; skips the test where it cannot. stop() ends it."""

    def __init__(self, array):
        dime_test.requires("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo")
        if os.geteuid() != 0:
            dime_test.skip("a Slurm of one's own needs root")
        self.folder = dime_test.scratch / "slurm"
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        control, daemon = free_ports(2)
        host = socket.gethostname().split(".")[0]
        config = self.folder / "slurm.conf"
        config.write_text(CONFIG.format(host=host, control=control, daemon=daemon, user="root", folder=self.folder, array=array))
        os.environ["SLURM_CONF"] = str(config)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self.processes = []
        self.start("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket",
                   f"--pid-file={self.folder}/munge.pid", f"--log-file={self.folder}/munge.log", f"--seed-file={self.folder}/munge.seed")
        self.wait(lambda: (self.folder / "munge.socket").exists(), "munged")
        self.start("slurmctld", "-D", "-i", "-f", config)
        self.start("slurmd", "-D", "-f", config)
        self.wait(lambda: b"idle" in self.output("sinfo", "-h", "-o", "%T"), "an idle node")

    def start(self, *words):
        with open(self.folder / f"{words[0]}.err", "wb") as err:
            self.processes.append(subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=err, stderr=err))

    def output(self, *words):
        return subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False).stdout

    def wait(self, condition, what):
        try:
            dime_test.wait_until(lambda: condition() or any(process.poll() is not None for process in self.processes), what)
            failed = not condition()
        except dime_test.Failure:
            failed = True
        if failed:
            logs = "".join(path.read_text(errors="replace")[-600:] for path in sorted(self.folder.glob("*.err")))
            self.stop()
            dime_test.skip(f"Slurm does not start here ({what}): {logs}")

    def queued(self):
        """Tasks that have not ended: JOB_TASK and state."""
        return [line.split() for line in self.output("squeue", "-h", "-r", "-o", "%i %T").decode().splitlines()]

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
