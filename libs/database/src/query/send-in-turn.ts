import type { ClientBase } from 'pg';

type Send = (...args: unknown[]) => unknown;
type Client = ClientBase & { readonly _queryable: boolean; readonly pipeline: boolean }; // missing in the types of pg

/**
 * Sends the statements of a connection one after another, in the order of the calls. pg does this with an internal queue,
 * which pg 9 removes. pg 8 prints a warning for the third of three parallel statements.
 *
 * When the connection breaks, waiting statements fail with the error of the statement that was sent, as in the queue of pg.
 * Cursors, streams and statements with a callback keep their order too, and pg makes the next statement wait for them. The
 * statements of a pipeline are sent at once; see sendTogether.
 */
export function sendInTurn(client: ClientBase): void {
  const send = client.query.bind(client) as Send;
  let last: Promise<unknown> | undefined; // pending until the response to the newest statement
  let broken: { readonly error: unknown } | undefined;
  const trackAnswer = (answer: Promise<unknown>): Promise<unknown> => {
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
    if (!last || (client as Client).pipeline) {
      const answer = send(...args);
      return answer instanceof Promise ? trackAnswer(answer) : answer;
    }
    const isSubmittable = typeof (args[0] as { submit?: unknown } | null)?.submit === 'function';
    if (isSubmittable || typeof args.at(-1) === 'function') {
      void last.then(() => send(...args)); // its callback or event reports a failure
      return isSubmittable ? args[0] : undefined;
    }
    return trackAnswer(
      last.then(() => {
        if (broken) throw broken.error;
        return send(...args);
      }),
    );
  }) as ClientBase['query'];
}
