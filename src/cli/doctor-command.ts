import { Command } from "commander";
import { LimbeckError } from "../errors.ts";
import { describeTerminal } from "../platform/terminal.ts";
import type { BuildCommandOptions } from "./doctor-build.ts";
import { createStyle } from "./style.ts";

interface DoctorOptions extends BuildCommandOptions {
  json?: boolean;
  buildTfjsNode?: boolean;
}

async function examine({ json }: DoctorOptions): Promise<void> {
  const { examineDevices } = await import("../devices/examine.ts");
  const { chooseFrom } = await import("../devices/choose-device.ts");
  const { colours, interactive, width } = describeTerminal(process.stdout);
  const watched = interactive && json !== true;
  const reports = await examineDevices(undefined, (device) => {
    if (watched) process.stdout.write(`\r\u001b[Ktrying ${device} …`);
  });
  if (watched) process.stdout.write("\r\u001b[K");
  const auto = chooseFrom(reports);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ devices: reports, auto }, null, 2)}\n`);
    return;
  }
  const { formatDevices } = await import("./doctor-table.ts");
  process.stdout.write(`${formatDevices(reports, auto, createStyle(colours), width)}\n`);
}

async function doctor(options: DoctorOptions): Promise<void> {
  if (options.buildTfjsNode === true) {
    const { buildTfjsNode } = await import("./doctor-build.ts");
    await buildTfjsNode(options);
    return;
  }
  const stray = options.gpu === true ? "--gpu" : options.yes === true ? "--yes" : null;
  if (stray !== null) {
    throw new LimbeckError(
      "E_USAGE",
      `Expected ${stray} together with --build-tfjs-node, got it alone. Add --build-tfjs-node.`,
    );
  }
  await examine(options);
}

/** `limbeck doctor`. */
export function createDoctorCommand(): Command {
  return new Command("doctor")
    .summary("see which devices can train here, and how fast; build tfjs-node")
    .description(
      "Take a few small training steps on every device, each in a process of its own, and say which are there, what " +
        "the others need, and how far their losses are from the processor's.",
    )
    .option("--json", "as JSON")
    .option(
      "--build-tfjs-node",
      "build the binding of @tensorflow/tfjs-node against a current TensorFlow, after showing how and asking",
    )
    .option("--gpu", "with --build-tfjs-node: that of @tensorflow/tfjs-node-gpu")
    .option("--yes", "with --build-tfjs-node: without asking")
    .action(doctor);
}
