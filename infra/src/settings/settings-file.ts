import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';

const INFRA = resolve(import.meta.dirname, '../..');
const DEFAULT_FILE = 'settings.json';
const EXAMPLE_FILE = 'settings.example.json';

/** The path of the settings file, for error messages. */
export const SETTINGS_FILE = `infra/${DEFAULT_FILE}`;

/**
 * Reads the settings file, so that every command deploys the same values: `infra/settings.json`, or the file that
 * `--context settings_file=<path>` names. Returns no settings if the default file does not exist.
 *
 * @throws Error if the named file does not exist, or if the file is not a JSON object of strings, numbers and booleans.
 */
export function readSettingsFile(name?: string): Readonly<Record<string, unknown>> {
  const path = resolve(INFRA, name ?? DEFAULT_FILE);
  if (!existsSync(path)) {
    if (name === undefined) return {};
    throw new Error(`There is no ${shown(path)}: settings_file must name a settings file such as ${EXAMPLE_FILE}.`);
  }
  const settings = parsed(path);
  const invalid = Object.entries(settings).filter(([, value]) => !['string', 'number', 'boolean'].includes(typeof value));
  if (invalid.length) {
    throw new Error(
      `${shown(path)} is invalid: ${invalid.map(([key]) => key).join(', ')} must be a string, a number or a boolean.`,
    );
  }
  if ('settings_file' in settings) throw new Error(`${shown(path)} is invalid: a settings file cannot name another one.`);
  return settings;
}

/** The values of settings.example.json. They show the format and are never deployed. */
export const exampleSettings = (): Readonly<Record<string, unknown>> => readSettingsFile(EXAMPLE_FILE);

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
