import type { ClientBase } from 'pg';

type Send = (...args: unknown[]) => unknown;
type Client = ClientBase & { readonly _queryable: boolean }; // pg's types lack it

/**
 * Sends a statement of a connection when the one before it is answered, in the order of the calls. pg does this with a queue
 * of its own, which pg 9 removes: pg 8 prints a warning for the third of three parallel statements.
 *
 * Statements that wait when the connection breaks fail with the error of the one that was sent, as in pg's queue. Cursors,
 * streams and statements with a callback are sent in order too, and pg lets the next statement wait for them.
 */
export function sendInTurn(client: ClientBase): void {
  const send = client.query.bind(client) as Send;
  let last: Promise<unknown> | undefined; // until the newest statement is answered
  let broken: { readonly error: unknown } | undefined;
  const followed = (answer: Promise<unknown>): Promise<unknown> => {
    const done = (): void => {
      if (last === settled) last = undefined;
    };
    const settled: Promise<unknown> = answer.then(done, (error: unknown) => {
      if (!(client as Client)._queryable) broken ??= { error };
      done();
    });
    last = settled;
    return answer;
  };
  client.query = ((...args: unknown[]) => {
    if (!last) {
      const answer = send(...args);
      return answer instanceof Promise ? followed(answer) : answer;
    }
    const isSubmittable = typeof (args[0] as { submit?: unknown } | null)?.submit === 'function';
    if (isSubmittable || typeof args.at(-1) === 'function') {
      void last.then(() => send(...args)); // its own callback or event reports a failure
      return isSubmittable ? args[0] : undefined;
    }
    return followed(
      last.then(() => {
        if (broken) throw broken.error;
        return send(...args);
      }),
    );
  }) as ClientBase['query'];
}
