import fc from 'fast-check';

/** How a method runs its steps. */
type Propagation = 'required' | 'nested' | 'requiresNew';

export type Step =
  /** Inserts a row and awaits it. */
  | { readonly do: 'row' }
  /** Inserts a row through an injected manager, which has no reference to the transaction, and awaits it. */
  | { readonly do: 'injected' }
  /** Publishes an event and awaits it. */
  | { readonly do: 'publish' }
  /** Publishes an event or inserts a row after `turns` turns of the event loop, without awaiting it. */
  | { readonly do: 'float'; readonly what: 'event' | 'row'; readonly turns: number }
  /** Executes a failing statement and ignores its error. */
  | { readonly do: 'swallow' }
  /** Executes a raw ROLLBACK and ignores its error. */
  | { readonly do: 'rollback' }
  | { readonly do: 'callback' }
  | { readonly do: 'call'; readonly method: Method; readonly caught: boolean };

export interface Method {
  readonly propagation: Propagation;
  readonly steps: readonly Step[];
  /** If true, the method throws after its steps. */
  readonly fails: boolean;
}

const simpleStep = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'row' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'injected' }) },
  { weight: 5, arbitrary: fc.constant<Step>({ do: 'publish' }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('float' as const),
      what: fc.constantFrom('event' as const, 'row' as const),
      turns: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'swallow' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'rollback' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'callback' }) },
);

function methodOf(depth: number): fc.Arbitrary<Method> {
  const step: fc.Arbitrary<Step> = depth
    ? fc.oneof(
        { weight: 2, arbitrary: simpleStep },
        {
          weight: 1,
          arbitrary: fc.record({ do: fc.constant('call' as const), method: methodOf(depth - 1), caught: fc.boolean() }),
        },
      )
    : simpleStep;
  return fc.record({
    propagation: fc.constantFrom<Propagation>('required', 'nested', 'requiresNew'),
    steps: fc.array(step, { maxLength: 5 }),
    fails: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  });
}

/** Generates trees of calls with up to three levels. */
export const anyMethod = methodOf(2);

/** The effects of a part of a program after its commit. Each number is that of a step, in order of execution. */
export interface Effects {
  rows: number[];
  events: number[];
  callbacks: number[];
  /** Events that exist if and only if their promise is fulfilled. Both outcomes are valid. */
  floatingEvents: number[];
  /** Rows, likewise. */
  floatingRows: number[];
}

const noEffects = (): Effects => ({ rows: [], events: [], callbacks: [], floatingEvents: [], floatingRows: [] });

function add(to: Effects, from: Effects): void {
  for (const kind of Object.keys(noEffects()) as (keyof Effects)[]) to[kind].push(...from[kind]);
}

interface Transaction {
  /** The server rejects every statement until a rollback. */
  aborted: boolean;
  /** A statement has ended the transaction, so every later statement is rejected. */
  ended: boolean;
}

/** A transaction, or a savepoint in it. */
interface Scope extends Effects {
  readonly transaction: Transaction;
  /** A call that joined it threw. */
  rollbackOnly: boolean;
}

const scopeOf = (transaction: Transaction): Scope => ({ transaction, rollbackOnly: false, ...noEffects() });
const cannotCommit = ({ transaction, rollbackOnly }: Scope): boolean => transaction.aborted || transaction.ended || rollbackOnly;

class CallFailed extends Error {}

/** A simple model that predicts the effects of a program and whether its call succeeds. */
export class Model {
  readonly committed = noEffects();
  private nextNumber = 0;

  /** @returns whether the call succeeds. */
  run(method: Method): boolean {
    try {
      this.call(method);
      return true;
    } catch (error) {
      if (error instanceof CallFailed) return false;
      throw error;
    }
  }

  private call(method: Method, outer?: Scope): void {
    if (!outer || method.propagation === 'requiresNew') {
      const scope = scopeOf({ aborted: false, ended: false });
      this.steps(method, scope);
      if (cannotCommit(scope)) throw new CallFailed();
      return add(this.committed, scope);
    }
    if (method.propagation === 'required') return this.callJoined(method, outer);
    const { transaction } = outer;
    if (transaction.aborted || transaction.ended) throw new CallFailed(); // the server rejects the savepoint
    const scope = scopeOf(transaction);
    try {
      this.steps(method, scope);
      if (cannotCommit(scope)) throw new CallFailed();
    } catch (error) {
      transaction.aborted = false;
      throw error;
    }
    add(outer, scope);
  }

  private callJoined(method: Method, scope: Scope): void {
    try {
      this.steps(method, scope);
    } catch (error) {
      scope.rollbackOnly = true;
      throw error;
    }
  }

  private steps({ steps, fails }: Method, scope: Scope): void {
    const { transaction } = scope;
    for (const step of steps) {
      const number = this.nextNumber++;
      switch (step.do) {
        case 'row':
        case 'injected':
          if (transaction.aborted || transaction.ended) throw new CallFailed();
          scope.rows.push(number);
          break;
        case 'publish': // it is sent later, so the call does not notice that the server rejects it
          if (transaction.ended) throw new CallFailed();
          scope.events.push(number);
          break;
        case 'float':
          scope[step.what === 'row' ? 'floatingRows' : 'floatingEvents'].push(number);
          break;
        case 'swallow':
          transaction.aborted = true;
          break;
        case 'rollback':
          transaction.ended = true;
          break;
        case 'callback':
          scope.callbacks.push(number);
          break;
        case 'call':
          try {
            this.call(step.method, scope);
          } catch (error) {
            if (!step.caught) throw error;
          }
      }
    }
    if (fails) throw new CallFailed();
  }
}
