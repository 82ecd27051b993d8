import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import { DEFAULT_TYPES } from '../client/default-types.js';
import { reportedProcessId } from '../client/pooler.js';

export interface SessionLimits {
  readonly statementTimeoutMs: number;
  readonly idleInTransactionTimeoutMs: number;
}

interface Session {
  readonly direct: 'true' | 'false';
  readonly statement: string;
  readonly idle: string;
}

const logger = getLogger('database');

const HINT =
  'The database role has other limits than this process. Set the same DATABASE_STATEMENT_TIMEOUT_MS for this process and for the migration task, and run the migration task. If you manage the role yourself, use alter role.';

const milliseconds = (setting: string): string => `(extract(epoch from current_setting('${setting}')::interval) * 1000)::bigint`;

// Sets the stricter of the session's limit, which comes from the role, the database or the server, and ours. 0 is no limit. A
// connection to a pooler is only read, because a setting would stay in a session that other clients use. Index, locks: none.
// Cost: 0.1 ms. $1: the process id that the connection reported; $2, $3: our limits.
const LIMIT_SESSION = `
with session as (
  select pg_backend_pid() = $1::int as direct, ${milliseconds('statement_timeout')} as statement,
    ${milliseconds('idle_in_transaction_session_timeout')} as idle),
limited as (
  select direct, case when direct and statement not between 1 and $2::bigint then $2 else statement end as statement,
    case when direct and idle not between 1 and $3::bigint then $3 else idle end as idle from session)
select direct::text, statement::text, idle::text,
  case when direct then set_config('statement_timeout', statement::text, false) end as set_statement,
  case when direct then set_config('idle_in_transaction_session_timeout', idle::text, false) end as set_idle
from limited`;

/**
 * Limits the session of a new connection, in one round trip. On a direct connection the stricter of the role's limit and ours
 * applies. Behind a pooler the limits of the role apply, which `migrate` sets.
 *
 * @param onDifference receives the effective limits if they are not ours.
 * @returns whether the connection is direct.
 */
export async function limitSession(
  client: ClientBase,
  limits: SessionLimits,
  onDifference: (effective: SessionLimits & { readonly direct: boolean }) => void,
): Promise<boolean> {
  const { rows } = await client.query<Session>({
    text: LIMIT_SESSION,
    values: [reportedProcessId(client), limits.statementTimeoutMs, limits.idleInTransactionTimeoutMs],
    types: DEFAULT_TYPES, // the pool belongs to the application, which can replace type parsers
  });
  const { statement, idle } = rows[0]!;
  const direct = rows[0]!.direct === 'true';
  const effective = { direct, statementTimeoutMs: Number(statement), idleInTransactionTimeoutMs: Number(idle) };
  const isOurs = (Object.keys(limits) as (keyof SessionLimits)[]).every((name) => effective[name] === limits[name]);
  if (!isOurs) onDifference(effective);
  return direct;
}

/** Logs once that other limits than those of the settings are effective. */
export function logDifferenceOnce(limits: SessionLimits): Parameters<typeof limitSession>[2] {
  let isLogged = false;
  return ({ direct, statementTimeoutMs, idleInTransactionTimeoutMs }) => {
    if (isLogged) return;
    isLogged = true;
    logger.warning('database_limits_differ', {
      direct,
      statement_timeout_ms: statementTimeoutMs,
      idle_in_transaction_timeout_ms: idleInTransactionTimeoutMs,
      wanted_statement_timeout_ms: limits.statementTimeoutMs,
      wanted_idle_in_transaction_timeout_ms: limits.idleInTransactionTimeoutMs,
      hint: HINT,
    });
  };
}
