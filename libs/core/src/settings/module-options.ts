import { PikaiaError } from '../errors/pikaia.error.js';

/**
 * Checks the options of a module at the start: an application may import its class without `forRoot`, and JavaScript does not check types.
 *
 * @param required the names of the options that have no default, such as `settings.databaseUrl`.
 * @throws PikaiaError `PIKAIA_MODULE_OPTIONS_MISSING`.
 */
export function requireModuleOptions<Options extends object>(
  module: string,
  options: Options | undefined,
  required: readonly string[] = [],
): Options {
  const missing = required.filter((name) => valueAt(options, name.split('.')) === undefined);
  if (options && !missing.length) return options;
  throw new PikaiaError(
    'PIKAIA_MODULE_OPTIONS_MISSING',
    `${module} lacks ${missing.join(' and ') || 'its options'}. Import ${module}.forRoot(…) or forRootAsync(…) with what is missing, and not the class alone.`,
  );
}

const valueAt = (options: object | undefined, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], options);
