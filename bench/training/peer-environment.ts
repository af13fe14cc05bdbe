import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../src/platform/package-root.ts";

const execute = promisify(execFile);

/** Versions of what an interpreter has, or null where PyTorch or numpy is missing. */
export async function torchVersion(python: string): Promise<string | null> {
  const script = "import numpy, torch; print(torch.__version__)";
  const found = await execute(python, ["-c", script]).catch(() => null);
  return found === null ? null : found.stdout.trim();
}

/**
 * PyTorch's current wheel in a virtual environment of the bench's own, `.limbeck/peers/pytorch`, which is made where it
 * is missing. pip's own settings hold: on Linux its default wheel of PyTorch brings CUDA along, unused here, which is
 * 3 GB to load and 5 GB on disk; where `PIP_INDEX_URL` names PyTorch's index of CPU wheels it is a twentieth of that.
 *
 * @returns the environment's interpreter
 */
export async function ensurePeer(note: (line: string) => void): Promise<string> {
  const folder = join(packageRoot(), ".limbeck", "peers", "pytorch");
  const python = join(folder, "bin", "python");
  if ((await torchVersion(python)) !== null) return python;
  note(`Downloading torch and numpy with pip into ${folder}, once: up to 3 GB, 5 GB on disk …`);
  await mkdir(folder, { recursive: true });
  await execute("python3", ["-m", "venv", folder]);
  const install = ["-m", "pip", "install", "--quiet", "--upgrade", "torch", "numpy"];
  await execute(python, install, { maxBuffer: 1 << 26 });
  const version = await torchVersion(python);
  if (version === null) throw new Error(`torch was installed into ${folder} but does not load.`);
  note(`PyTorch ${version} is ready.`);
  return python;
}
