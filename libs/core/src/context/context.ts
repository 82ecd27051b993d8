import { ClsServiceManager, CLS_ID } from 'nestjs-cls';
import { newId } from '../identifier.js';
import { PikaiaError } from '../errors/pikaia.error.js';
import type { TraceParent } from './trace-parent.js';

/** Who acts. `user` and `operator` are people, `system` is a program: a consumer, a provider's webhook, a command. */
export interface Actor {
  readonly type: 'user' | 'operator' | 'system';
  readonly id: string;
  readonly email?: string;
  readonly name?: string;
}

/** What is known of the HTTP request in whose context the code runs. */
export interface RequestInfo {
  readonly method: string;
  /** Without the query string, which may hold secrets. */
  readonly path: string;
  /** The pattern that matched, `/api/v1/members/:id`. */
  readonly route?: string;
  /** The client's address in its normal form; null when what arrived is no address. */
  readonly clientAddress: string | null;
  /** The raw text, kept only when `clientAddress` is null: a forged header must not erase its own trace. */
  readonly unparsedAddress?: string;
  readonly userAgent?: string;
}

/** The event that a consumer is handling. */
export interface EventInfo {
  readonly id: string;
  readonly type: string;
  readonly consumer: string;
  /** 1 at the first attempt. */
  readonly attempt: number;
}

/** Everything that logs, events and audit entries take from their surroundings. Frozen: a change replaces it. */
export interface ContextSnapshot {
  /** A lower-case UUID; joins logs, events and audit entries. */
  readonly correlationId: string;
  /** `client`: a caller chose the id, so strangers may repeat it. */
  readonly origin: 'client' | 'server';
  /** The caller's trace, when the request came with a valid `traceparent`. */
  readonly traceParent?: TraceParent;
  readonly actor?: Actor;
  readonly organizationId?: string;
  readonly request?: RequestInfo;
  readonly event?: EventInfo;
}

/** One context: everything that runs in it shares this, inner scopes of nestjs-cls too. A ContextSlot keeps its value here. */
export interface ContextScope {
  readonly snapshot: ContextSnapshot;
  [own: symbol]: unknown;
}

interface Box extends ContextScope {
  snapshot: ContextSnapshot;
}

const BOX = Symbol('pikaia.context');

const box = (): Box | undefined => ClsServiceManager.getClsService().get<Box | undefined>(BOX as never);

/**
 * The context of the running request, event or command.
 *
 * The CLS store holds one box whose content is replaced by frozen snapshots. Inner scopes of nestjs-cls copy the store
 * but share the box, so what the authentication guard binds is seen by everything that belongs to the request.
 */
export const context = {
  /** The snapshot in force, or undefined outside any context. */
  get current(): ContextSnapshot | undefined {
    return box()?.snapshot;
  },

  /** What everything in this context shares; undefined outside any. */
  get scope(): ContextScope | undefined {
    return box();
  },

  /** @throws PikaiaError `PIKAIA_CONTEXT_MISSING` outside any context. */
  get correlationId(): string {
    return required().snapshot.correlationId;
  },

  get actor(): Actor | undefined {
    return box()?.snapshot.actor;
  },

  get organizationId(): string | undefined {
    return box()?.snapshot.organizationId;
  },

  /** Runs `work` in a context of its own: nothing of the surrounding one is seen inside, nothing leaks out. */
  run<T>(snapshot: Partial<ContextSnapshot>, work: (scope: ContextScope) => T): T {
    return enter({ correlationId: newId(), origin: 'server', ...snapshot }, work);
  },

  /** Adds to the context that is in force, for everything that shares it. */
  bind(values: Omit<Partial<ContextSnapshot>, 'correlationId' | 'origin'>): void {
    const held = required();
    held.snapshot = Object.freeze({ ...held.snapshot, ...values });
  },

  /** Runs `work` without any context: for callbacks that would run in a stranger's, as those of a connection pool do. */
  exit<T>(work: () => T): T {
    return ClsServiceManager.getClsService().exit(work);
  },
};

/** As context.run, for a snapshot that is whole. */
export function enter<T>(snapshot: ContextSnapshot, work: (scope: ContextScope) => T): T {
  const own: Box = { snapshot: Object.freeze(snapshot) };
  return ClsServiceManager.getClsService().runWith({ [BOX]: own, [CLS_ID]: snapshot.correlationId } as never, () => work(own));
}

function required(): Box {
  const held = box();
  if (!held) {
    throw new PikaiaError(
      'PIKAIA_CONTEXT_MISSING',
      'This code runs outside any request, event or command. Wrap it in context.run({ … }, work).',
    );
  }
  return held;
}
