import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
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

type Outcome = PromiseSettledResult<QueryResult>;

/**
 * Sends statements and the end of their transaction without waiting for responses in between, and returns the outcomes. The server
 * executes them in order, and ignores everything behind a statement that fails.
 *
 * pg can refuse a statement instead of sending it, for example because a parameter cannot be converted. Then the end is not sent,
 * and its outcome is undefined. If the connection is busy, the statements are sent one after another.
 *
 * The connection pipelines only these statements: streams and cursors cannot share a pipeline.
 */
export async function sendTogether(
  connection: ClientBase,
  statements: readonly Statement[],
  end: Statement,
): Promise<{ readonly answers: readonly Outcome[]; readonly end: Outcome | undefined }> {
  const client = connection as Client;
  const send = ({ sql, parameters }: Statement): Promise<QueryResult> =>
    parameters ? client.query(sql, parameters) : client.query(sql);
  if (statements.length === 0) return { answers: [], end: (await Promise.allSettled([send(end)]))[0] };
  client.pipeline = client.readyForQuery === true;
  try {
    const { stream } = client.connection;
    stream.cork(); // all leave in one write
    let sent: Promise<QueryResult>[];
    let ending: Promise<QueryResult> | undefined;
    try {
      sent = statements.map(send);
      let refused = false;
      for (const answer of sent) answer.catch(() => (refused = true));
      await setImmediate(); // pg reports a refused statement by then
      ending = refused ? undefined : send(end);
    } finally {
      stream.uncork();
    }
    const answers = await Promise.allSettled(sent);
    return { answers, end: ending && (await Promise.allSettled([ending]))[0] };
  } finally {
    client.pipeline = false;
  }
}
