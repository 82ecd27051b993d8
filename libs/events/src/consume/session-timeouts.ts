import { PikaiaError } from '@pikaia/core';
import type { DataSource } from 'typeorm';
import type { ConsumerDefinition } from './consumer.definition.js';

/**
 * Reads the timeouts after which the server ends a session in a transaction, in milliseconds; 0 is none. They are the effective
 * values of the pool's connections: of the connection, the role, the database or the server. `transaction_timeout` exists since
 * PostgreSQL 17. Index, locks: none.
 */
const SESSION_TIMEOUTS = `
select name::text, setting::text from pg_settings
where name in ('idle_in_transaction_session_timeout', 'transaction_timeout') and setting <> '0' order by setting::bigint`;

/**
 * Refuses handlers that the server would end before their own timeout. `statement_timeout` is no such limit: it ends one statement,
 * and the handler gets the error.
 *
 * @throws PikaiaError `PIKAIA_HANDLER_TIMEOUT_TOO_LONG`.
 */
export async function refuseUnreachableTimeouts(source: DataSource, consumers: readonly ConsumerDefinition[]): Promise<void> {
  const handlers = consumers.flatMap(({ name, handlers }) =>
    handlers.filter(({ effect }) => effect === 'database').map((handler) => ({ ...handler, name: `${name}.${handler.method}` })),
  );
  if (!handlers.length) return;
  const [limit] = await source.query<{ name: string; setting: string }[]>(SESSION_TIMEOUTS);
  if (!limit) return;
  const refused = handlers.filter(({ timeoutMs }) => timeoutMs > Number(limit.setting));
  if (!refused.length) return;
  const list = refused.map(({ name, timeoutMs }) => `${name} (timeoutMs ${timeoutMs})`).join(', ');
  throw new PikaiaError(
    'PIKAIA_HANDLER_TIMEOUT_TOO_LONG',
    `The database server ends a transaction of this process after ${limit.setting} ms (${limit.name}), before the timeout of these handlers: ${list}. Lower their timeoutMs, or raise the limit. idle_in_transaction_session_timeout is the stricter of the limit of the database role and twice DATABASE_STATEMENT_TIMEOUT_MS.`,
  );
}
