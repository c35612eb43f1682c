import { readFileSync } from "node:fs";

/** Linux counts a process's time in ticks of 10 ms (USER_HZ = 100 wherever Node runs). */
const TICKS_PER_SECOND = 100;

/**
 * Processor time that a process has used so far, all its threads together.
 *
 * Divided by the requests it tells what one of them costs, and that number stays when other processes crowd the machine.
 *
 * @returns undefined where the system does not say (it is read from /proc)
 * @see proc_pid_stat(5): fields 14 (utime) and 15 (stime)
 */
export function cpuSecondsOf(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== "linux") return undefined;
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" "); // from field 3 on
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The children of this process, where the system tells. */
export function childPids(): number[] {
  if (process.platform !== "linux") return [];
  const text = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
  return text.trim().split(" ").filter(Boolean).map(Number);
}
