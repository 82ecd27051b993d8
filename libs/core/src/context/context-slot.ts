import { context, type ContextScope } from './context.js';

/**
 * Stores one value for each context. Use it in a library that collects data about a request, event or command. `open()` creates
 * the value on first use. All code in the context shares the value, and it ends with the context.
 */
export class ContextSlot<T> {
  private readonly key = Symbol();

  constructor(private readonly create: () => T) {}

  /** Returns the value of `scope` (default: the current context) and creates it if needed; undefined outside any context. */
  open(scope: ContextScope): T;
  open(scope?: ContextScope): T | undefined;
  open(scope = context.scope): T | undefined {
    if (!scope) return undefined;
    return (scope[this.key] ??= this.create()) as T;
  }

  /** Returns the value if `open()` created it before; otherwise undefined. */
  peek(scope = context.scope): T | undefined {
    return scope?.[this.key] as T | undefined;
  }
}
