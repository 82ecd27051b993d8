import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';

const INFRA = resolve(import.meta.dirname, '../..');
const USUAL = 'settings.json';
const EXAMPLE = 'settings.example.json';

/** Where the settings of an environment are kept, as an error message names it. */
export const SETTINGS_FILE = `infra/${USUAL}`;

/**
 * The settings that are kept in a file, so that every command deploys the same values: `settings.json` in this folder, or the
 * file that `--context settings_file=<path>` names. Without a name, a file that does not exist has no settings.
 *
 * @throws Error for a named file that does not exist, and for a file that is not a JSON object of texts, numbers and booleans.
 */
export function settingsInFile(name?: string): Readonly<Record<string, unknown>> {
  const path = resolve(INFRA, name ?? USUAL);
  if (!existsSync(path)) {
    if (name === undefined) return {};
    throw new Error(`There is no ${shown(path)}: settings_file must name a file with settings, as ${EXAMPLE} is one.`);
  }
  const settings = parsed(path);
  const wrong = Object.entries(settings).filter(([, value]) => !['string', 'number', 'boolean'].includes(typeof value));
  if (wrong.length) {
    throw new Error(
      `${shown(path)} is not accepted: ${wrong.map(([key]) => key).join(', ')} must be text, a number or a boolean.`,
    );
  }
  if ('settings_file' in settings) throw new Error(`${shown(path)} is not accepted: a settings file cannot name another one.`);
  return settings;
}

/** The values of settings.example.json, which show the form and are never deployed. */
export const exampleSettings = (): Readonly<Record<string, unknown>> => settingsInFile(EXAMPLE);

function parsed(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Error(`${shown(path)} is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${shown(path)} is not a JSON object.`);
  return value as Record<string, unknown>;
}

const shown = (path: string): string => `infra/${relative(INFRA, path)}`;
