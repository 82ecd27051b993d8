import pg from 'pg';
import { DEFAULT_TYPES } from './default-types.js';

/** Neutral values for the options in `pg.defaults` that would change the results of statements or interrupt them. */
const NEUTRAL_DEFAULTS = {
  binary: false,
  statement_timeout: false,
  lock_timeout: false,
  idle_in_transaction_session_timeout: false,
  query_timeout: false,
} as const;

/**
 * A client that behaves the same in every application. It uses the default type parsers of `pg` and ignores the process-wide
 * timeouts and result format in `pg.defaults`. Timeouts in `config` or in the connection string apply. Pikaia uses it for every
 * connection outside the application's pool.
 */
export class IsolatedClient extends pg.Client {
  constructor(config: pg.ClientConfig) {
    const defaults = pg.defaults as Record<string, unknown>;
    const savedDefaults = Object.fromEntries(Object.keys(NEUTRAL_DEFAULTS).map((name) => [name, defaults[name]]));
    // A client copies the defaults in its constructor, and a falsy option does not override a default.
    Object.assign(defaults, NEUTRAL_DEFAULTS);
    try {
      super({ ...config, types: DEFAULT_TYPES });
    } finally {
      Object.assign(defaults, savedDefaults);
    }
  }
}
