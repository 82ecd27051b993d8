import type { ClientBase } from 'pg';
import { DEFAULT_TYPES } from '../client/default-types.js';

type Send = (...args: unknown[]) => unknown;

const names = new Map<string, string>(); // by text

/**
 * Declares a statement that the same service sends again and again. The server parses and plans it once a connection then,
 * which is a good half of what a small one costs. Behind a pooler of transactions it is sent whole each time: the next
 * transaction may meet a server process that has never heard of it.
 *
 * @param name of this text alone, at most 63 bytes.
 * @returns the text, to be sent through any library.
 */
export function oftenSent(name: string, text: string): string {
  names.set(text, name);
  return text;
}

/** Lets a new connection prepare what is declared, unless a pooler answers on it. */
export async function prepareOftenSent(client: ClientBase): Promise<void> {
  if (!(await isDirect(client))) return;
  const send = client.query.bind(client) as Send;
  client.query = ((...args: unknown[]) => {
    const [text, values, ...rest] = args;
    const name = typeof text === 'string' && Array.isArray(values) ? names.get(text) : undefined;
    return name === undefined ? send(...args) : send({ name, text, values }, ...rest);
  }) as ClientBase['query'];
}

/** A pooler greets with a number of its own, and not with that of the server process behind it. */
async function isDirect(client: ClientBase): Promise<boolean> {
  const { processID } = client as ClientBase & { readonly processID: number }; // pg's types lack it
  const { rows } = await client.query<{ backend: string }>({
    text: 'select pg_backend_pid()::text as backend',
    types: DEFAULT_TYPES, // the pool, and so the type parsers, are the application's
  });
  return Number(rows[0]!.backend) === processID;
}
