import { context, type ContextScope } from './context.js';

/**
 * Stores one value for each context. Use it in a library that collects data about a request, event or command. All code in the
 * context shares the value, and it ends with the context.
 */
export class ContextSlot<T> {
  private readonly key = Symbol();

  constructor(private readonly create: () => T) {}

  /** Returns the value of `scope` (default: the current context) and creates it if needed; undefined outside any context. */
  getOrCreate(scope: ContextScope): T;
  getOrCreate(scope?: ContextScope): T | undefined;
  getOrCreate(scope = context.scope): T | undefined {
    if (!scope) return undefined;
    return (scope[this.key] ??= this.create()) as T;
  }

  /** Returns the value if `getOrCreate` created it before; otherwise undefined. */
  get(scope = context.scope): T | undefined {
    return scope?.[this.key] as T | undefined;
  }
}
