"""Runs a command and says how long it took and how much memory it had.

usage: measure.py COMMAND...

After the command's own output comes a line with the wall time, the resident memory that the command had
after four fifths of it, and the largest that it ever had (VmRSS and VmHWM of Linux; MB are 1e6 bytes).
"""

import subprocess
import sys
import time

INTERVAL_S = 0.02


def memory(pid):
    """Resident memory now and the largest so far in MB; none when the process is gone."""
    try:
        lines = open(f"/proc/{pid}/status").read().splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines if line.startswith(("VmRSS", "VmHWM")))
    if len(fields) < 2:
        return None
    return [float(fields[key].split()[0]) * 1024e-6 for key in ("VmRSS", "VmHWM")]


def main():
    started = time.monotonic()
    process = subprocess.Popen(sys.argv[1:])
    found = []
    while process.poll() is None:
        now = memory(process.pid)
        if now:
            found.append(now)
        time.sleep(INTERVAL_S)
    elapsed = time.monotonic() - started
    late, most = found[len(found) * 4 // 5][0], max(most for _, most in found)
    print(f"measured  {elapsed:.2f} s in all, {late:.0f} MB late, {most:.0f} MB at most", flush=True)
    sys.exit(process.returncode)


if __name__ == "__main__":
    main()
