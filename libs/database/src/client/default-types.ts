import type { CustomTypesConfig } from 'pg';
import textParsers from 'pg-types/lib/textParsers.js';

const parsers = new Map<number, (text: string) => unknown>();
textParsers.init((oid, parse) => parsers.set(oid, parse));

/**
 * The default type parsers of `pg`: bigint as text, timestamptz as Date, json parsed. Pass it as `types` to a client or a
 * statement. `pg.types` is one registry for the whole process, and an application can replace any parser in it.
 */
export const DEFAULT_TYPES = {
  getTypeParser: (oid: number, format?: string) => (format === 'binary' ? String : (parsers.get(oid) ?? String)),
} as CustomTypesConfig;
