import { compile } from "../../src/engine/index.ts";
import type { Device, EngineError } from "../../src/engine/index.ts";
import { student } from "../../students/bilstm.ts";
import { compileOptions, studentProgram } from "../engine/programs.ts";

// A process whose surroundings a test chooses: compiles for the device of its parameter and says what came of it.
const program = studentProgram(student, { hidden: 2, dropout: 0 });
try {
  await compile(program, { ...compileOptions, device: process.argv[2] as Device });
  process.stdout.write("compiled");
} catch (error) {
  const { code, message } = error as EngineError;
  process.stdout.write(`${code}: ${message}`);
}
