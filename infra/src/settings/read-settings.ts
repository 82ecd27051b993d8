import type { Catalog, ValuesOf } from './setting.ts';
import { SETTINGS_FILE } from './settings-file.ts';

/** The context keys of the CDK contain one of these characters. */
const CDK_KEY = /[:@/]/;

/**
 * The values of all settings: from the context, else the defaults. An empty string counts as absent.
 *
 * @param check finds conflicts between values. Missing values are undefined.
 * @throws Error with a line for each value that is missing or invalid, and for each key that is not a setting.
 */
export function readSettings<Groups extends Readonly<Record<string, Catalog>>>(
  groups: Groups,
  context: Readonly<Record<string, unknown>>,
  check: (values: { readonly [group in keyof Groups]: ValuesOf<Groups[group]> }) => readonly string[] = () => [],
): { readonly [group in keyof Groups]: ValuesOf<Groups[group]> } {
  const problems: string[] = [];
  const known = new Set<string>();
  const valueOf = (setting: Catalog[string]): unknown => {
    known.add(setting.key);
    const given = context[setting.key];
    if (given === undefined || given === null || String(given).trim() === '') {
      if (setting.requiredBy) problems.push(missing(setting));
      return setting.default;
    }
    const value = setting.read(String(given));
    if (value === undefined)
      problems.push(`${setting.key} is "${String(given)}": it must be ${setting.accepts} (${setting.about})`);
    return value;
  };
  const values = Object.fromEntries(
    Object.entries(groups).map(([group, catalog]) => [
      group,
      Object.fromEntries(Object.entries(catalog).map(([name, setting]) => [name, valueOf(setting)])),
    ]),
  );
  for (const key of Object.keys(context)) {
    if (!known.has(key) && !CDK_KEY.test(key)) problems.push(`${key} is not a setting: see infra/README.md`);
  }
  const all = values as { readonly [group in keyof Groups]: ValuesOf<Groups[group]> };
  refuse([...problems, ...check(all)]);
  return all;
}

/** @throws Error that lists the problems, if there are any, and says where to give settings. */
export function refuse(problems: readonly string[]): void {
  if (!problems.length) return;
  throw new Error(
    `The settings are invalid, and nothing is deployed:\n  ${problems.join('\n  ')}\n` +
      `Keep them in ${SETTINGS_FILE} (copy infra/settings.example.json, and commit it), or use --context <key>=<value>.`,
  );
}

const missing = ({ key, accepts, about, requiredBy }: Catalog[string]): string =>
  `${key} is missing (needed by ${requiredBy}): it must be ${accepts} (${about})`;
