"""Runs a program as a unit would: no new privileges and only the listed system calls.

Usage: python filtered.py (nobody|-) (MemoryDenyWriteExecute|-) CALLS PROGRAM [ARGUMENT...]
CALLS are names joined by commas; every other call fails with EPERM.
"""

import ctypes
import errno
import os
import pwd
import sys

PR_SET_NO_NEW_PRIVS = 38
PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN = 65, 1  # Linux 6.3; older kernels answer EINVAL and only the calls are tested
REFUSE = 0x00050000 | errno.EPERM  # SCMP_ACT_ERRNO
ALLOW = 0x7FFF0000  # SCMP_ACT_ALLOW


def become_nobody() -> None:
    """Give root up for good; nothing to do for anybody else."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)


def shut(calls: list[str], *, written_code: bool) -> None:
    """Leave this process only `calls`; raises OSError when the kernel takes no filter."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))
    for call in calls:
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:  # names of other architectures are negative
            seccomp.seccomp_rule_add(rules, ALLOW, number, 0)
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not written_code:
        libc.prctl(PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
    if answer := seccomp.seccomp_load(rules):
        raise OSError(-answer, os.strerror(-answer))


if __name__ == "__main__":
    user, memory, names, *program = sys.argv[1:]
    if user == "nobody":
        become_nobody()
    shut(names.split(","), written_code=memory != "MemoryDenyWriteExecute")
    os.execv(program[0], program)
