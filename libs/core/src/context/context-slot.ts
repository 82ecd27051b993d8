import { context, type ContextScope } from './context.js';

/**
 * One value a context, for a library that gathers something about a request, event or command. It is made when it is
 * first asked for, shared by everything that the context has started, and gone with it.
 */
export class ContextSlot<T> {
  private readonly key = Symbol();

  constructor(private readonly make: () => T) {}

  /** The value of `scope`, by default of the context in force; undefined outside any. */
  open(scope: ContextScope): T;
  open(scope?: ContextScope): T | undefined;
  open(scope = context.scope): T | undefined {
    if (!scope) return undefined;
    return (scope[this.key] ??= this.make()) as T;
  }

  /** The same, where open() was called before; else undefined. */
  peek(scope = context.scope): T | undefined {
    return scope?.[this.key] as T | undefined;
  }
}
