import type { Socket } from 'node:net';
import type { ClientBase, QueryResult } from 'pg';

// The types of pg lack these properties.
type Client = ClientBase & {
  readonly connection: { readonly stream: Socket };
  readonly readyForQuery: boolean | null;
  pipeline: boolean;
};

export interface Statement {
  readonly sql: string;
  readonly parameters?: unknown[];
}

/**
 * Sends statements in one round trip and returns their outcomes. The server executes them in order; inside a transaction it
 * ignores everything behind a statement that fails. If the connection is busy, they are sent one after another.
 *
 * The connection pipelines only these statements: streams and cursors cannot share a pipeline.
 */
export async function sendTogether(
  connection: ClientBase,
  statements: readonly Statement[],
): Promise<PromiseSettledResult<QueryResult>[]> {
  const client = connection as Client;
  const { stream } = client.connection;
  client.pipeline = client.readyForQuery === true;
  stream.cork();
  try {
    const answers = statements.map(({ sql, parameters }) => (parameters ? client.query(sql, parameters) : client.query(sql)));
    stream.uncork();
    return await Promise.allSettled(answers);
  } finally {
    client.pipeline = false;
  }
}
