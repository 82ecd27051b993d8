import type { ClientBase } from 'pg';
import { DEFAULT_TYPES } from './default-types.js';

// PgBouncer refuses start-up parameters that it does not know; RDS Proxy refuses `options`.
const REFUSAL = /unsupported startup parameter|command-line options/i;

/** The process id that the peer reported when the connection was opened. The types of pg lack it. */
export const reportedProcessId = (client: ClientBase): number =>
  (client as ClientBase & { readonly processID: number }).processID;

/** Whether the connection leads to a server process of its own. A pooler reports another process id than the server's. */
export async function isDirect(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ backend: string }>({
    text: 'select pg_backend_pid()::text as backend',
    types: DEFAULT_TYPES, // the client can belong to the application, which can replace type parsers
  });
  return Number(rows[0]!.backend) === reportedProcessId(client);
}

/** Whether `connect` failed because a pooler refused a start-up parameter, such as `options`. A server accepts all of ours. */
export const isRefusedByPooler = (error: unknown): boolean => error instanceof Error && REFUSAL.test(error.message);
