import { existsSync } from "node:fs";
import { delimiter } from "node:path";

const CHROMIUM = "/usr/lib/chromium";
const DRIVER = `${CHROMIUM}/vk_swiftshader_icd.json`;

/**
 * Before the tests' processes start: where Debian's chromium is, its Vulkan in software (SwiftShader) serves as the
 * GPU. The dynamic linker reads its path at the start of a process, so a test cannot set it for itself. Elsewhere the
 * machine's own GPU is used.
 */
export default function setup(): void {
  if (!existsSync(DRIVER)) return;
  const path = process.env["LD_LIBRARY_PATH"];
  process.env["LD_LIBRARY_PATH"] = path ? `${path}${delimiter}${CHROMIUM}` : CHROMIUM;
  process.env["VK_ICD_FILENAMES"] = DRIVER;
  process.env["VK_DRIVER_FILES"] = DRIVER;
}
