import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../src/platform/package-root.ts";

const execute = promisify(execFile);

/** Versions of an interpreter's packages as `torch 2.15.0, numpy 2.4.1`, or null where one does not load. */
export async function peerVersions(
  python: string,
  packages: readonly string[],
): Promise<string | null> {
  const listed = packages.map((name) => `"${name} " + ${name}.__version__`).join(", ");
  const script = `import ${packages.join(", ")}; print(", ".join([${listed}]))`;
  const found = await execute(python, ["-c", script]).catch(() => null);
  return found === null ? null : found.stdout.trim();
}

/** PyTorch's version, or null where it or numpy is missing. */
export async function torchVersion(python: string): Promise<string | null> {
  const versions = await peerVersions(python, ["torch", "numpy"]);
  return versions === null ? null : /^torch ([^,]+)/.exec(versions)![1]!;
}

/**
 * Current wheels of PyTorch and other packages in a virtual environment of the bench's own, `.limbeck/peers/pytorch`,
 * which is made where it is missing. pip's own settings hold: on Linux its default wheel of PyTorch brings CUDA along,
 * unused here, which is 3 GB to load and 5 GB on disk; where `PIP_INDEX_URL` names PyTorch's index of CPU wheels it is a
 * twentieth of that.
 *
 * @returns the environment's interpreter
 */
export async function ensurePeer(
  note: (line: string) => void,
  packages: readonly string[] = ["torch", "numpy"],
): Promise<string> {
  const folder = join(packageRoot(), ".limbeck", "peers", "pytorch");
  const python = join(folder, "bin", "python");
  if ((await peerVersions(python, packages)) !== null) return python;
  const names = packages.join(", ");
  note(`Downloading ${names} with pip into ${folder}, once: up to 3 GB, 5 GB on disk …`);
  await mkdir(folder, { recursive: true });
  await execute("python3", ["-m", "venv", folder]);
  const install = ["-m", "pip", "install", "--quiet", "--upgrade", ...packages];
  await execute(python, install, { maxBuffer: 1 << 26 });
  const versions = await peerVersions(python, packages);
  if (versions === null) throw new Error(`${names} were installed into ${folder} but do not load.`);
  note(`${versions} are ready.`);
  return python;
}
