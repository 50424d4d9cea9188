"""Timings count only when nothing else ran meanwhile: what others took of the processors is measured with each."""
import os
import resource
import sys
import time

OTHERS_MOST = 0.05  # of the processors' time


def _clocks():
    """Seconds since start that all processors together could work, were busy, and that this process and its children used."""
    tick = os.sysconf("SC_CLK_TCK")
    times = [int(field) / tick for field in open("/proc/stat").readline().split()[1:9]]
    used = sum(r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    return sum(times), sum(times) - times[3] - times[4], used


def undisturbed(work, what, tries=6):
    """The answer of work() from a run during which others took under OTHERS_MOST; ends the program when there is none."""
    for _ in range(tries):
        all_before, busy_before, used_before = _clocks()
        answer = work()
        all_after, busy_after, used_after = _clocks()
        others = (busy_after - busy_before - (used_after - used_before)) / max(all_after - all_before, 1e-9)
        if others < OTHERS_MOST:
            return answer
        print(f"bench: {what}: others took {100 * others:.0f} % of the processors' time: again", file=sys.stderr)
    sys.exit(f"bench: {what}: the machine is busy: no timing is recorded")


def wait(tries=12, seconds=3, pause=10):
    """Returns when others took little for some seconds; ends the program when they never do."""
    for _ in range(tries):
        before = _clocks()
        time.sleep(seconds)
        after = _clocks()
        if after[1] - before[1] < OTHERS_MOST * (after[0] - before[0]):
            return
        time.sleep(pause)
    sys.exit("bench: the machine is busy: no timing is recorded")


if __name__ == "__main__":
    wait()
