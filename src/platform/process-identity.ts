import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";

/** What tells one process from every other one, a later one with the same number included. */
export interface ProcessIdentity {
  pid: number;
  host: string;
  /** Start of the machine and the namespace that counts the process numbers; null where the system tells neither. */
  boot: string | null;
  namespace: string | null;
  /** Start of the process, in the system's own words; null where it does not tell (Windows). */
  started: string | null;
}

async function linuxStart(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (stat === null) return null;
  // "pid (name) state …": the name may hold anything, so fields are counted from the last bracket. State is field 3,
  // the start time in ticks since boot field 22 (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ended = fields[0] === "Z" || fields[0] === "X";
  return ended ? null : (fields[19] ?? null);
}

async function macStart(pid: number): Promise<string | null> {
  try {
    const environment = { ...process.env, LC_ALL: "C", TZ: "UTC" };
    const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)], {
      env: environment,
    });
    return stdout.trim() || null;
  } catch {
    return null;
  }
}

/** When a process of this machine started; null where there is none, it has ended, or the system does not tell. */
async function startOf(pid: number): Promise<string | null> {
  if (process.platform === "linux") return await linuxStart(pid);
  return process.platform === "win32" ? null : await macStart(pid);
}

async function bootOf(): Promise<string | null> {
  if (process.platform !== "linux") return null;
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => null);
  return boot?.trim() ?? null;
}

async function namespaceOf(): Promise<string | null> {
  if (process.platform !== "linux") return null;
  return await readlink("/proc/self/ns/pid").catch(() => null);
}

/** This process. */
export async function currentProcess(): Promise<ProcessIdentity> {
  const [boot, namespace, started] = await Promise.all([
    bootOf(),
    namespaceOf(),
    startOf(process.pid),
  ]);
  return { pid: process.pid, host: hostname(), boot, namespace, started };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it is there and belongs to somebody else.
    return (thrown as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * Whether a process still runs. `unknown` where it belongs to another machine or container, whose processes cannot be
 * seen from here.
 */
export async function stateOf(identity: ProcessIdentity): Promise<"alive" | "dead" | "unknown"> {
  const self = await currentProcess();
  if (identity.host !== self.host) return "unknown";
  if (identity.boot !== self.boot) return "dead"; // the machine has been started anew since
  if (identity.namespace !== self.namespace) return "unknown";
  if (!exists(identity.pid)) return "dead";
  if (process.platform === "win32") return "alive";
  // The number may have gone to another process since.
  return (await startOf(identity.pid)) === identity.started ? "alive" : "dead";
}
