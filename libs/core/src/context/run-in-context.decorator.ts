import { context, type ContextSnapshot } from './context.js';

type Method = (this: never, ...args: never[]) => unknown;

type Values<M extends Method> = Partial<ContextSnapshot> | ((...args: Parameters<M>) => Partial<ContextSnapshot>);

/**
 * Runs each call of the method in a new context, as `context.run` does. Use it for code that no request starts: cron jobs, queue
 * processors, handlers of WebSocket messages, command-line commands.
 *
 * @param values the values of the context, or a function that returns them for the arguments of the call. A program has an actor of
 * the type `system`. A correlation id in the data of a job connects its log lines, events and audit entries with the request that
 * added the job.
 */
export const RunInContext =
  <M extends Method>(values: Values<M>) =>
  (_target: object, _name: string | symbol, descriptor: TypedPropertyDescriptor<M>): void => {
    const method = descriptor.value!;
    const wrapped = new Proxy(method, {
      apply: (_, self, args: Parameters<M>) =>
        context.run(typeof values === 'function' ? values(...args) : values, () => Reflect.apply(method, self, args)),
    });
    // Decorators such as @Cron store their metadata on the function.
    for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, method), wrapped);
    }
    descriptor.value = wrapped;
  };
