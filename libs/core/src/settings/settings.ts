import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { firstBrokenRule } from '../broken-rule.js';
import { parseDecimal, parseInteger } from '../decimal.js';
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
  /** True for a number that may have a decimal fraction, such as `0.5`. Other numbers are integers. */
  readonly fraction?: boolean;
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
 * Empty text counts as absent. Numbers and booleans (`true`, `false`) are converted to the type of the property. A number consists
 * of decimal digits: `1e3`, `0x10`, `+1`, `010` and `1.0` are refused.
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
    for (const setting of described) {
      const text = environment[setting.variable]?.trim() || setting.default;
      if (text !== undefined) plain[setting.property] = convertToPropertyType(settings, setting, text);
    }
    const instance = plainToInstance(settings, plain);
    if (!described.length) return instance; // class-validator refuses a class without rules
    for (const error of validateSync(instance)) {
      const setting = described.find(({ property }) => property === error.property)!;
      const isNotDecimal = propertyType(settings, setting) === Number && typeof error.value === 'string';
      problems.push(
        describeProblem(setting, environment, isNotDecimal ? decimalRule(setting) : ruleText(firstBrokenRule(error)!, setting)),
      );
    }
    return instance;
  });
  if (problems.length) throw new SettingsError(problems);
  return instances as never;
}

/** Returns the text itself if it is not a value of the type. The rules of the setting refuse it then. */
function convertToPropertyType(settings: SettingsClass, setting: SettingDescription, text: string): unknown {
  const type = propertyType(settings, setting);
  if (type === Number) return (setting.fraction ? parseDecimal(text) : parseInteger(text)) ?? text;
  if (type === Boolean) return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

const propertyType = (settings: SettingsClass, { property }: SettingDescription): unknown =>
  Reflect.getMetadata('design:type', settings.prototype as object, property);

const decimalRule = ({ fraction = false, default: example = fraction ? '0.5' : '10' }: SettingDescription): string =>
  `must be ${fraction ? 'a number' : 'an integer'} in decimal digits, such as ${example}`;

/** Removes the name of the property from a message of class-validator. */
const ruleText = (message: string, { property }: SettingDescription): string => message.replace(`${property} `, '');

function describeProblem(
  setting: SettingDescription,
  environment: Readonly<Record<string, string | undefined>>,
  rule: string,
): string {
  const raw = environment[setting.variable]?.trim();
  const state = !raw
    ? setting.default === undefined
      ? 'is not set'
      : `has its default, ${setting.default}`
    : setting.secret
      ? 'has a value that is not accepted'
      : `is ${JSON.stringify(redactText(raw))}`;
  return `${setting.variable} ${state}: it ${rule} (${setting.about})`;
}
