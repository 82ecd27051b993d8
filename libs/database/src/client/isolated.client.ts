import pg from 'pg';
import { DEFAULT_TYPES } from './default-types.js';

/** Settings in `pg.defaults` that would change what our statements return or cut them off. */
const NEUTRAL = {
  binary: false,
  statement_timeout: false,
  lock_timeout: false,
  idle_in_transaction_session_timeout: false,
  query_timeout: false,
} as const;

/**
 * A client that behaves the same in every application: it has the type parsers of an unchanged `pg` and ignores the
 * process-wide timeouts and result format in `pg.defaults`. Pikaia opens each connection of its own with it. Timeouts in
 * `config` or in its connection string apply.
 */
export class IsolatedClient extends pg.Client {
  constructor(config: pg.ClientConfig) {
    const defaults = pg.defaults as Record<string, unknown>;
    const kept = Object.fromEntries(Object.keys(NEUTRAL).map((name) => [name, defaults[name]]));
    // A client copies the defaults when it is constructed, and a falsy option does not override one.
    Object.assign(defaults, NEUTRAL);
    try {
      super({ ...config, types: DEFAULT_TYPES });
    } finally {
      Object.assign(defaults, kept);
    }
  }
}
