import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { PikaiaError } from '../errors/pikaia.error.js';
import { redactText } from '../redaction/redact-text.js';

export interface SettingOptions {
  /** What the setting does, with its unit. This is its line in .env.example. */
  readonly about: string;
  /**
   * The default, written as in the environment. Without a default the setting is optional, or required if its rules refuse
   * undefined.
   */
  readonly default?: string;
  /** True for a setting whose value is never printed. */
  readonly secret?: boolean;
}

export interface SettingDescription extends SettingOptions {
  readonly variable: string;
  readonly property: string;
}

export type SettingsClass<T extends object = object> = new () => T;

const declaredSettings = new WeakMap<object, SettingDescription[]>();

/** Binds a property of a settings class to an environment variable. Add class-validator decorators to validate the value. */
export function Setting(variable: string, options: SettingOptions): PropertyDecorator {
  return (prototype, property) => {
    const settings = declaredSettings.get(prototype) ?? [];
    settings.push({ ...options, variable, property: String(property) });
    declaredSettings.set(prototype, settings);
  };
}

/** Lists the settings that a class declares, inherited ones first. */
export function describeSettings(settings: SettingsClass): SettingDescription[] {
  const found: SettingDescription[] = [];
  for (let at = settings.prototype as object; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    found.unshift(...(declaredSettings.get(at) ?? []));
  }
  return found;
}

/** Error `PIKAIA_SETTINGS_INVALID`. Its message has one line for each setting that is missing or invalid. */
export class SettingsError extends PikaiaError {
  override readonly name = 'SettingsError';

  constructor(readonly problems: readonly string[]) {
    super('PIKAIA_SETTINGS_INVALID', `Settings are missing or invalid:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  }
}

/**
 * Reads the settings classes from the environment. It validates all classes, then reports all problems in one error.
 * Empty text counts as absent. Numbers and booleans (`true`, `false`) are converted to the type of the property.
 *
 * @throws SettingsError with the name of each variable, its value (never that of a secret) and the values that it accepts.
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
      if (text !== undefined) plain[property] = convertToPropertyType(settings, property, text);
    }
    const instance = plainToInstance(settings, plain);
    for (const error of validateSync(instance)) problems.push(describeProblem(error, described, environment));
    return instance;
  });
  if (problems.length) throw new SettingsError(problems);
  return instances as never;
}

function convertToPropertyType(settings: SettingsClass, property: string, text: string): unknown {
  const type: unknown = Reflect.getMetadata('design:type', settings.prototype as object, property);
  if (type === Number) return Number(text);
  if (type === Boolean) return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

function describeProblem(
  error: ValidationError,
  described: readonly SettingDescription[],
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const setting = described.find(({ property }) => property === error.property)!;
  const raw = environment[setting.variable]?.trim();
  const state = !raw
    ? setting.default === undefined
      ? 'is not set'
      : `has its default, ${setting.default}`
    : setting.secret
      ? 'has a value that is not accepted'
      : `is ${JSON.stringify(redactText(raw))}`;
  const rules = Object.values(error.constraints ?? {}).map((rule) => rule.replace(`${error.property} `, ''));
  return `${setting.variable} ${state}: it ${rules.join(' and ')} (${setting.about})`;
}
