import { AsyncLocalStorage } from 'node:async_hooks';
import { ClsServiceManager, CLS_ID } from 'nestjs-cls';
import { findIdProblem, isId, newId, parseId } from '../identifier.js';
import { PikaiaError } from '../errors/pikaia.error.js';
import type { TraceParent } from './trace-parent.js';

/** The actor behind an action. `user` and `operator` are people. `system` is a program: a consumer, a webhook, a command. */
export interface Actor {
  readonly type: 'user' | 'operator' | 'system';
  readonly id: string;
  readonly email?: string;
  readonly name?: string;
}

/** The HTTP request in whose context the code runs. */
export interface RequestInfo {
  readonly method: string;
  /** The path without the query string, which can contain secrets. */
  readonly path: string;
  /** The route pattern that matched, such as `/api/v1/members/:id`. */
  readonly route?: string;
  /** The client's IP address in normalized form; null if the received text is not an address. */
  readonly clientAddress: string | null;
  /** The raw text, present only if `clientAddress` is null, so that a forged header leaves a trace. */
  readonly unparsedAddress?: string;
  readonly userAgent?: string;
}

/** The event that a consumer is handling, or about which the relay logs. */
export interface EventInfo {
  readonly id: string;
  readonly type: string;
  /** The name of the consumer. Absent in the relay if the sink is not a consumer. */
  readonly consumer?: string;
  /** The number of this attempt, starting at 1. */
  readonly attempt: number;
  /**
   * The actor whose action published the event. Only log lines use it: the actor of the context is the consumer, because that
   * person did not do what the consumer does.
   */
  readonly actor?: { readonly type: string; readonly id: string; readonly email?: string };
}

/** The values that logs, events and audit entries read from the context. Frozen: a change replaces the snapshot. */
export interface ContextSnapshot {
  /** A lower-case UUID that links logs, events and audit entries. */
  readonly correlationId: string;
  /** The party that chose the correlation id. An id from a client is not necessarily unique. */
  readonly origin: 'client' | 'server';
  /** The caller's trace, present if the request has a valid `traceparent`. */
  readonly traceParent?: TraceParent;
  readonly actor?: Actor;
  readonly organizationId?: string;
  readonly request?: RequestInfo;
  readonly event?: EventInfo;
  /** The id of the event whose handler runs. The events that the handler publishes name it as their cause. Absent in a request. */
  readonly causationId?: string;
}

/** The state that all code in one context shares, also inner scopes of nestjs-cls. A ContextSlot stores its value here. */
export interface ContextScope {
  readonly snapshot: ContextSnapshot;
  [slot: symbol]: unknown;
}

interface MutableScope extends ContextScope {
  snapshot: ContextSnapshot;
}

const SCOPE_KEY = Symbol('pikaia.context');

/** The scope that `context.run` or a request opened. Null: the code has no context and gets none from a CLS store. */
const scopes = new AsyncLocalStorage<MutableScope | null>();

function currentScope(): MutableScope | undefined {
  const scope = scopes.getStore();
  return scope === undefined ? scopeOfStore() : (scope ?? undefined);
}

/** Returns the scope of a CLS store that the application opened without a context, and creates it if needed. */
function scopeOfStore(): MutableScope | undefined {
  const cls = ClsServiceManager.getClsService();
  if (!cls.isActive()) return undefined;
  const found = cls.get<MutableScope | undefined>(SCOPE_KEY as never);
  if (found) return found;
  const id: unknown = cls.getId();
  const correlationId = (typeof id === 'string' && parseId(id)) || newId();
  const scope: MutableScope = { snapshot: Object.freeze({ correlationId, origin: 'server' }) };
  cls.set(SCOPE_KEY as never, scope as never);
  return scope;
}

/**
 * The context of the running request, event or command.
 *
 * One scope object belongs to the context, and a change replaces the frozen snapshot in it. So all code of the request sees the
 * values that the authentication guard binds. The context does not depend on the CLS store of nestjs-cls: middleware, guards,
 * interceptors and `cls.run` can replace or copy the store. A CLS store that is opened outside any context gets a separate
 * context when code first asks for it. Copies of the store that are made later share that context.
 */
export const context = {
  /** The current snapshot; undefined outside any context. */
  get current(): ContextSnapshot | undefined {
    return currentScope()?.snapshot;
  },

  /** The state that all code in this context shares; undefined outside any context. */
  get scope(): ContextScope | undefined {
    return currentScope();
  },

  /** @throws PikaiaError `PIKAIA_CONTEXT_MISSING` outside any context. */
  get correlationId(): string {
    return requireScope().snapshot.correlationId;
  },

  get actor(): Actor | undefined {
    return currentScope()?.snapshot.actor;
  },

  get organizationId(): string | undefined {
    return currentScope()?.snapshot.organizationId;
  },

  /**
   * The current snapshot, with its ids checked and converted to text. Code that stores the ids reads this: two callers without an
   * id would otherwise share one.
   *
   * @throws PikaiaError `PIKAIA_CONTEXT_MISSING` outside any context.
   * @throws PikaiaError `PIKAIA_CONTEXT_INVALID` if the correlation id or the causation id is not a UUID, or an id of the
   * organization or the actor is not usable. The message names it.
   */
  get verified(): ContextSnapshot {
    return verifyIds(requireScope().snapshot);
  },

  /** Runs `work` in a new context. It inherits nothing from the surrounding context and does not change it. */
  run<T>(snapshot: Partial<ContextSnapshot>, work: (scope: ContextScope) => T): T {
    return enterContext({ correlationId: newId(), origin: 'server', ...snapshot }, work);
  },

  /**
   * Adds values to the current context. All code that shares the context sees them.
   *
   * @throws PikaiaError `PIKAIA_CONTEXT_MISSING` outside any context.
   */
  bind(values: Omit<Partial<ContextSnapshot>, 'correlationId' | 'origin'>): void {
    extendScope(requireScope(), values);
  },

  /** Runs `work` without a context. Use it for callbacks that would run in another caller's context, as in a connection pool. */
  exit<T>(work: () => T): T {
    return scopes.exit(() => ClsServiceManager.getClsService().exit(work));
  },
};

/** Runs `work` in a new context with a complete snapshot. */
export function enterContext<T>(snapshot: ContextSnapshot, work: (scope: ContextScope) => T): T {
  const scope: MutableScope = { snapshot: Object.freeze(snapshot) };
  return resumeContext(scope, () => work(scope));
}

/** Runs `work` in the context of `scope`, which another callback has entered before. */
export const resumeContext = <T>(scope: ContextScope, work: () => T): T =>
  scopes.run(scope, () => ClsServiceManager.getClsService().runWith({ [CLS_ID]: scope.snapshot.correlationId } as never, work));

/**
 * Runs `work`, which opens CLS stores for its own purposes, in the context of the caller. Without a context, `work` has none, and its
 * CLS stores get none.
 */
export const inCallerContext = <T>(work: () => T): T => (currentScope() ? work() : scopes.run(null, work));

/** Replaces values of `scope`, also the correlation id. */
export function extendScope(scope: ContextScope, values: Partial<ContextSnapshot>): ContextScope {
  (scope as MutableScope).snapshot = Object.freeze({ ...scope.snapshot, ...values });
  return scope;
}

function verifyIds(snapshot: ContextSnapshot): ContextSnapshot {
  const { correlationId, causationId, organizationId, actor } = snapshot;
  return {
    ...snapshot,
    correlationId: uuidText('correlation id', correlationId),
    causationId: causationId == null ? undefined : uuidText('causation id', causationId),
    organizationId: organizationId == null ? undefined : idText('organization id', organizationId),
    actor: actor == null ? undefined : verifyActor(actor),
  };
}

function verifyActor({ type, id, email, name }: Actor): Actor {
  return {
    type: idText('actor type', type) as Actor['type'],
    id: idText('actor id', id),
    ...(hasText('actor email', email) && { email }),
    ...(hasText('actor name', name) && { name }),
  };
}

function uuidText(field: string, value: string): string {
  if (!isId(value)) throw invalidContext(field, findIdProblem(value) ?? 'is not a UUID');
  return value.toLowerCase();
}

function idText(field: string, value: unknown): string {
  const problem = findIdProblem(value);
  if (problem !== undefined) throw invalidContext(field, problem);
  return String(value);
}

function hasText(field: string, value: unknown): boolean {
  if (value == null || typeof value === 'string') return !!value;
  throw invalidContext(field, 'is not text');
}

const invalidContext = (field: string, problem: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_CONTEXT_INVALID',
    `The ${field} of the context ${problem}. Pass newId() or no correlation id to context.run; omit the causation id, the organization and the actor if there is none. A program binds { actor: { type: 'system', id: 'stripe' } }.`,
  );

function requireScope(): MutableScope {
  const scope = currentScope();
  if (!scope) {
    throw new PikaiaError(
      'PIKAIA_CONTEXT_MISSING',
      'This code runs outside any request, event or command. Wrap it in context.run({ … }, work), or add @RunInContext({ … }) to the method.',
    );
  }
  return scope;
}
