import type { ClientBase } from 'pg';
import { DEFAULT_TYPES } from '../client/default-types.js';

type Send = (...args: unknown[]) => unknown;

const namesByText = new Map<string, string>();

/**
 * Declares a statement that each connection prepares. Use it for a statement that is sent often. The server then parses and plans
 * it once for each connection, which saves more than half of the cost of a small statement. Behind a transaction pooler the statement is not
 * prepared, because the next transaction can reach a server process that does not know it.
 *
 * @param name the name of the prepared statement; unique to this text, at most 63 bytes.
 * @returns the text. Send it through any library.
 */
export function preparedStatement(name: string, text: string): string {
  namesByText.set(text, name);
  return text;
}

/** Makes a new connection prepare the declared statements, unless it is a connection to a pooler. */
export async function prepareStatements(client: ClientBase): Promise<void> {
  if (!(await isDirect(client))) return;
  const send = client.query.bind(client) as Send;
  client.query = ((...args: unknown[]) => {
    const [text, values, ...rest] = args;
    const name = typeof text === 'string' && Array.isArray(values) ? namesByText.get(text) : undefined;
    return name === undefined ? send(...args) : send({ name, text, values }, ...rest);
  }) as ClientBase['query'];
}

/** A pooler reports its own process id at connection start, not the id of the server process behind it. */
async function isDirect(client: ClientBase): Promise<boolean> {
  const { processID } = client as ClientBase & { readonly processID: number }; // missing in the types of pg
  const { rows } = await client.query<{ backend: string }>({
    text: 'select pg_backend_pid()::text as backend',
    types: DEFAULT_TYPES, // the pool belongs to the application, which can replace type parsers
  });
  return Number(rows[0]!.backend) === processID;
}
