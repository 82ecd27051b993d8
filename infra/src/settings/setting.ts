/** A value that whoever deploys may choose: in the settings file, or by `--context <key>=<value>`. */
export interface Setting<Value> {
  readonly key: string;
  readonly default: Value | undefined;
  /** The stacks that must not be deployed without it. It has no default then, since none would be right. */
  readonly neededBy?: string;
  /** What it does. */
  readonly about: string;
  /** What is accepted, and in which unit. */
  readonly accepts: string;
  /** Undefined where the text is no such value. */
  readonly read: (text: string) => Value | undefined;
}

export type Catalogue = Readonly<Record<string, Setting<unknown>>>;
export type ValuesOf<C extends Catalogue> = { readonly [name in keyof C]: C[name] extends Setting<infer V> ? V : never };

export interface Range {
  readonly unit: string;
  readonly least: number;
  readonly most: number;
  /** Also numbers between whole ones. Default false. */
  readonly fraction?: boolean;
}

export const amount = (
  key: string,
  standard: number,
  { unit, least, most, fraction }: Range,
  about: string,
): Setting<number> => ({
  key,
  default: standard,
  about,
  accepts: `${unit}, ${least} to ${most}`,
  read: (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    return value >= least && value <= most && (fraction || Number.isInteger(value)) ? value : undefined;
  },
});

export const oneOf = <Value extends string | number>(
  key: string,
  standard: Value,
  values: readonly Value[],
  about: string,
  unit = '',
): Setting<Value> => ({
  key,
  default: standard,
  about,
  accepts: `${unit && `${unit}, `}one of ${values.join(', ')}`,
  read: (text) => values.find((value) => String(value) === text),
});

export const toggle = (key: string, standard: boolean | undefined, about: string): Setting<boolean> => ({
  key,
  default: standard,
  about,
  accepts: 'true or false',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
});

/** Text of a form, or nothing. */
export const optional = (key: string, accepts: string, form: RegExp, about: string): Setting<string | undefined> => ({
  key,
  default: undefined,
  about,
  accepts,
  read: (text) => (form.test(text) ? text : undefined),
});

/** A setting without a default that nothing is deployed without. */
export const needed = <Value>(neededBy: string, setting: Setting<Value | undefined>): Setting<Value> => ({
  ...(setting as Setting<Value>),
  neededBy,
});

export const text = (key: string, standard: string, accepts: string, form: RegExp, about: string): Setting<string> => ({
  key,
  default: standard,
  about,
  accepts,
  read: (given) => (form.test(given) ? given : undefined),
});
