import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { LimbeckError } from "../../errors.ts";
import { digestOf, sha256 } from "../../platform/digest.ts";
import type { Teacher, TeacherKind } from "../../types.ts";
import { checkedAnswers, checkTeacher } from "./check-answers.ts";
import { checkModule } from "./check-module.ts";
import { enableModules } from "./module-hooks.ts";
import { resolveModulePath } from "./module-path.ts";

/** What was thrown while a module loaded, in a line, with the place in it. */
function describeFailure(thrown: unknown, path: string): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // A query tells versions of the file apart; people know the file without it.
  const clean = (text: string) => text.replaceAll(/\?limbeck-teacher=[0-9a-f]+/g, "");
  const message = clean(thrown.message).split("\n").filter(Boolean).join(" ");
  const stack = clean(thrown.stack ?? "").replaceAll("file://", "");
  const place = stack.split(`${path}:`)[1]?.match(/^\d+(:\d+)?/)?.[0];
  const shown = place === undefined || message.includes(`${path}:`) ? "" : ` at ${path}:${place}`;
  return `${thrown.name}: ${message}${shown}`;
}

async function readModule(path: string, kind: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const got = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : `${code}`;
    throw new LimbeckError(
      "E_RECIPE",
      `Expected the teacher ${kind} at ${path}, got ${got}. Teacher modules are looked for from the recipe's folder only.`,
      { cause: thrown },
    );
  }
}

async function importModule(path: string, hash: string): Promise<Record<string, unknown>> {
  await enableModules();
  try {
    // By content: a file that was changed meanwhile is loaded anew, and is what its digest says.
    const url = `${pathToFileURL(path).href}?limbeck-teacher=${hash.slice(0, 16)}`;
    return (await import(url)) as Record<string, unknown>;
  } catch (thrown) {
    throw new LimbeckError(
      "E_RECIPE",
      `Expected the teacher module ${path} to load, got ${describeFailure(thrown, path)}. Mend the module.`,
      { cause: thrown },
    );
  }
}

/** A teacher's values without its methods; a module's teacher may be a class, whose getters no spread would copy. */
function ownParts(teacher: Teacher) {
  const { labels, capacity, facts, files, extras, plan, provider } = teacher;
  // A module that is no TypeScript may leave out what it has nothing to say of.
  const optional: Partial<Teacher> = teacher;
  return {
    ...{ labels, capacity, facts, files },
    parameters: optional.parameters ?? null,
    bytes: optional.bytes ?? null,
    maxLength: optional.maxLength ?? null,
    heldOut: optional.heldOut ?? null,
    ...(extras && { extras }),
    ...(plan && { plan }),
    ...(provider && { provider }),
  };
}

/** The kind with the module's own hash in whatever says which teacher it is: other code, other labels. */
function withHash(kind: TeacherKind, path: string, hash: string): TeacherKind {
  return {
    options: kind.options,
    summary: kind.summary,
    ...(kind.sends !== undefined && { sends: kind.sends }),
    fingerprint: async (options, place) =>
      digestOf({ module: hash, fingerprint: await kind.fingerprint(options, place) }),
    lexicon: (options, place) => kind.lexicon(options, place),
    async open(options, context) {
      const teacher = checkTeacher(await kind.open(options, context), path);
      const description = { ...teacher.description, module: hash };
      return {
        ...ownParts(teacher),
        description,
        digest: digestOf(description),
        label: (texts, signal) => checkedAnswers(teacher, path, texts, signal),
        ...(teacher.estimate && { estimate: (texts) => teacher.estimate!(texts) }),
        close: () => teacher.close(),
      };
    },
    openForTiming: (options, context) => kind.openForTiming(options, context),
  };
}

/**
 * Loads the module that a recipe names as its teacher. The module's code runs. Its hash becomes part of the
 * fingerprint and of the description, and with it of the digest.
 *
 * @param kind - path from the recipe's folder, such as `./my-teacher.ts`
 * @throws LimbeckError `E_RECIPE` where it is not there, does not load or does not export a TeacherKind.
 */
export async function loadModule(kind: string, recipeFolder: string | null): Promise<TeacherKind> {
  const path = resolveModulePath(kind, recipeFolder);
  const hash = sha256(await readModule(path, kind));
  return withHash(checkModule(await importModule(path, hash), path), path, hash);
}
