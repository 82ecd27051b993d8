import { context, type ContextScope, type RequestContext } from '@pikaia/core';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';

type Callback = (error: Error | null, response: unknown) => void;
type Inject = (options?: unknown, callback?: Callback) => unknown;

/** The part of a Fastify instance that `inject()` needs. */
export interface InjectingServer {
  inject: unknown;
  addHook(
    name: 'onRequest',
    hook: (request: { readonly raw: IncomingMessage }, reply: { readonly raw: ServerResponse }, done: () => void) => void,
  ): unknown;
}

/**
 * Runs each request of `inject()` in its own context, which inherits nothing from the caller. Fastify hands such a request to its
 * router without the HTTP server. The context begins at the call, so middleware runs in it too, and gets the values of the request
 * in a hook. A chain, which is `inject()` without options, has its context from the hook on.
 */
export function enterContextAtInject(fastify: InjectingServer, enter: RequestContext): void {
  const opened = new WeakSet<ContextScope>();
  const inject = (fastify.inject as Inject).bind(fastify);
  const start = (options: unknown, callback: Callback): unknown =>
    context.run({}, (scope) => {
      opened.add(scope);
      return inject(options, callback);
    });
  fastify.inject = ((options, callback) => {
    if (options === undefined) return inject();
    if (callback) return start(options, AsyncLocalStorage.bind(callback));
    return new Promise((resolve, reject) => start(options, (error, response) => (error ? reject(error) : resolve(response))));
  }) satisfies Inject;
  fastify.addHook('onRequest', (request, reply, done) => {
    const { scope } = context;
    enter(request.raw, reply.raw, done, scope && opened.delete(scope) ? scope : undefined);
  });
}
