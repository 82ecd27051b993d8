import { PikaiaError } from '../errors/pikaia.error.js';

/**
 * Checks the options of a module at the start: an application may import its class without `forRoot`, and JavaScript does not check types.
 *
 * @param required the names of the options that have no default.
 * @throws PikaiaError `PIKAIA_MODULE_OPTIONS_MISSING`.
 */
export function requireModuleOptions<Options extends object>(
  module: string,
  options: Options | undefined,
  required: readonly (keyof Options & string)[] = [],
): Options {
  if (options && required.every((name) => options[name] !== undefined)) return options;
  const example = required.length ? `{ ${required.join(', ')} }` : '';
  throw new PikaiaError(
    'PIKAIA_MODULE_OPTIONS_MISSING',
    `${module} lacks its options. Import ${module}.forRoot(${example}), or forRootAsync with a factory that returns them, and not the class alone.`,
  );
}
