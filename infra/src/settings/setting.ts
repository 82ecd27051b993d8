/** A value that the deployer can choose, in the settings file or with `--context <key>=<value>`. */
export interface Setting<Value> {
  readonly key: string;
  readonly default: Value | undefined;
  /** The stacks that cannot be deployed without this setting. It has no default then. */
  readonly requiredBy?: string;
  /** A description for the README and for error messages. */
  readonly about: string;
  /** The accepted values and their unit. */
  readonly accepts: string;
  /** Parses the value; undefined if it is invalid. */
  readonly read: (text: string) => Value | undefined;
}

export type Catalog = Readonly<Record<string, Setting<unknown>>>;
export type ValuesOf<C extends Catalog> = { readonly [name in keyof C]: C[name] extends Setting<infer V> ? V : never };

export interface Range {
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Whether fractions are accepted. Default false. */
  readonly fraction?: boolean;
}

const INTEGER = /^(?:0|[1-9]\d*)$/;
const DECIMAL = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;

export const numberSetting = (
  key: string,
  defaultValue: number,
  { unit, min, max, fraction }: Range,
  about: string,
): Setting<number> => ({
  key,
  default: defaultValue,
  about,
  accepts: `${unit}, ${min} to ${max}`,
  read: (text) => {
    const value = (fraction ? DECIMAL : INTEGER).test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  },
});

export const choiceSetting = <Value extends string | number>(
  key: string,
  defaultValue: Value,
  values: readonly Value[],
  about: string,
  unit = '',
): Setting<Value> => ({
  key,
  default: defaultValue,
  about,
  accepts: `${unit && `${unit}, `}one of ${values.join(', ')}`,
  read: (text) => values.find((value) => String(value) === text),
});

export const booleanSetting = (key: string, defaultValue: boolean | undefined, about: string): Setting<boolean> => ({
  key,
  default: defaultValue,
  about,
  accepts: 'true or false',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
});

/** A text that matches a pattern. It has no default. */
export const optionalText = (key: string, accepts: string, pattern: RegExp, about: string): Setting<string | undefined> => ({
  key,
  default: undefined,
  about,
  accepts,
  read: (text) => (pattern.test(text) ? text : undefined),
});

/** Makes a setting without a default required. */
export const required = <Value>(requiredBy: string, setting: Setting<Value | undefined>): Setting<Value> => ({
  ...(setting as Setting<Value>),
  requiredBy,
});

export const text = (key: string, defaultValue: string, accepts: string, pattern: RegExp, about: string): Setting<string> => ({
  key,
  default: defaultValue,
  about,
  accepts,
  read: (given) => (pattern.test(given) ? given : undefined),
});
