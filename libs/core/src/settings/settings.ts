import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { PikaiaError } from '../errors/pikaia.error.js';
import { redactText } from '../redaction/redact-text.js';

export interface SettingOptions {
  /** What it does, with its unit: the line of .env.example. */
  readonly about: string;
  /** As it would stand in the environment. Absent: the setting is optional, or required if its rules refuse undefined. */
  readonly default?: string;
  /** Its value is never printed. */
  readonly secret?: boolean;
}

export interface SettingDescription extends SettingOptions {
  readonly variable: string;
  readonly property: string;
}

export type SettingsClass<T extends object = object> = new () => T;

const declared = new WeakMap<object, SettingDescription[]>();

/** Binds a property of a settings class to an environment variable; class-validator's decorators beside it are its rules. */
export function Setting(variable: string, options: SettingOptions): PropertyDecorator {
  return (prototype, property) => {
    const own = declared.get(prototype) ?? [];
    own.push({ ...options, variable, property: String(property) });
    declared.set(prototype, own);
  };
}

/** The settings that a class declares, those it inherits first. */
export function describeSettings(settings: SettingsClass): SettingDescription[] {
  const found: SettingDescription[] = [];
  for (let at = settings.prototype as object; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    found.unshift(...(declared.get(at) ?? []));
  }
  return found;
}

/** `PIKAIA_SETTINGS_INVALID`: one line for each setting that is missing or impossible. */
export class SettingsError extends PikaiaError {
  override readonly name = 'SettingsError';

  constructor(readonly problems: readonly string[]) {
    super('PIKAIA_SETTINGS_INVALID', `Settings are missing or impossible:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  }
}

/**
 * Reads the settings classes from the environment and validates all of them before it reports.
 * Empty text counts as absent. Numbers and booleans (`true`, `false`) are converted by the property's type.
 *
 * @throws SettingsError naming each variable, what it got (never a secret's value) and what it accepts.
 */
export function loadSettings<const T extends readonly SettingsClass[]>(
  classes: T,
  environment: Readonly<Record<string, string | undefined>>,
): { [K in keyof T]: T[K] extends SettingsClass<infer Settings> ? Settings : never } {
  const problems: string[] = [];
  const instances = classes.map((settings) => {
    const described = describeSettings(settings);
    const plain: Record<string, unknown> = {};
    for (const { variable, property, default: fallback } of described) {
      const text = environment[variable]?.trim() || fallback;
      if (text !== undefined) plain[property] = convert(settings, property, text);
    }
    const instance = plainToInstance(settings, plain);
    for (const error of validateSync(instance)) problems.push(problemOf(error, described, environment));
    return instance;
  });
  if (problems.length) throw new SettingsError(problems);
  return instances as never;
}

function convert(settings: SettingsClass, property: string, text: string): unknown {
  const type: unknown = Reflect.getMetadata('design:type', settings.prototype as object, property);
  if (type === Number) return Number(text);
  if (type === Boolean) return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

function problemOf(
  error: ValidationError,
  described: readonly SettingDescription[],
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const setting = described.find(({ property }) => property === error.property)!;
  const raw = environment[setting.variable]?.trim();
  const got = !raw ? 'is not set' : setting.secret ? 'has a value that is not accepted' : `is ${JSON.stringify(redactText(raw))}`;
  const rules = Object.values(error.constraints ?? {}).map((rule) => rule.replace(`${error.property} `, ''));
  return `${setting.variable} ${got}: it ${rules.join(' and ')} (${setting.about})`;
}
