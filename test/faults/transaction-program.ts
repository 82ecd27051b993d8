import fc from 'fast-check';

/** How a method runs its steps. */
export type Propagation = 'required' | 'nested' | 'requiresNew';

export type Step =
  /** A row, awaited. */
  | { readonly do: 'row' }
  /** An event, awaited. */
  | { readonly do: 'publish' }
  /** An event that nobody awaits, published `turns` turns of the event loop later. */
  | { readonly do: 'float'; readonly turns: number }
  /** A statement that fails, its error swallowed. */
  | { readonly do: 'swallow' }
  | { readonly do: 'callback' }
  | { readonly do: 'call'; readonly method: Method; readonly caught: boolean };

export interface Method {
  readonly propagation: Propagation;
  readonly steps: readonly Step[];
  /** Throws after its steps. */
  readonly fails: boolean;
}

const simple = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'row' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'publish' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('float' as const), turns: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'swallow' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'callback' }) },
);

function methodOf(depth: number): fc.Arbitrary<Method> {
  const step: fc.Arbitrary<Step> = depth
    ? fc.oneof(
        { weight: 2, arbitrary: simple },
        {
          weight: 1,
          arbitrary: fc.record({ do: fc.constant('call' as const), method: methodOf(depth - 1), caught: fc.boolean() }),
        },
      )
    : simple;
  return fc.record({
    propagation: fc.constantFrom<Propagation>('required', 'nested', 'requiresNew'),
    steps: fc.array(step, { maxLength: 5 }),
    fails: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  });
}

/** Trees of calls, three deep. */
export const anyMethod = methodOf(2);

/** What a part of a program leaves behind once it is committed. Numbers are those of the steps, in order of execution. */
export interface Effects {
  rows: number[];
  events: number[];
  callbacks: number[];
  /** May be written or refused; written if and only if its promise was fulfilled. */
  floating: number[];
}

const nothing = (): Effects => ({ rows: [], events: [], callbacks: [], floating: [] });

function add(to: Effects, from: Effects): void {
  for (const kind of ['rows', 'events', 'callbacks', 'floating'] as const) to[kind].push(...from[kind]);
}

interface Transaction {
  /** The server refuses everything until a rollback. */
  aborted: boolean;
}

class Thrown extends Error {}

/** The simple model: what a program should leave, and whether its call succeeds. */
export class Model {
  readonly committed = nothing();
  private next = 0;

  /** @returns whether the call succeeds. */
  run(method: Method): boolean {
    try {
      this.call(method);
      return true;
    } catch (error) {
      if (error instanceof Thrown) return false;
      throw error;
    }
  }

  private call(method: Method, transaction?: Transaction, frame?: Effects): void {
    if (!transaction || !frame || method.propagation === 'requiresNew') {
      const own: Transaction = { aborted: false };
      const effects = nothing();
      this.steps(method, own, effects);
      if (own.aborted) throw new Thrown();
      return add(this.committed, effects);
    }
    if (method.propagation === 'required') return this.steps(method, transaction, frame);
    if (transaction.aborted) throw new Thrown(); // the savepoint is refused
    const effects = nothing();
    try {
      this.steps(method, transaction, effects);
      if (transaction.aborted) throw new Thrown();
    } catch (error) {
      transaction.aborted = false;
      throw error;
    }
    add(frame, effects);
  }

  private steps({ steps, fails }: Method, transaction: Transaction, frame: Effects): void {
    for (const step of steps) {
      const number = this.next++;
      switch (step.do) {
        case 'row':
        case 'publish':
          if (transaction.aborted) throw new Thrown();
          frame[step.do === 'row' ? 'rows' : 'events'].push(number);
          break;
        case 'float':
          frame.floating.push(number);
          break;
        case 'swallow':
          transaction.aborted = true;
          break;
        case 'callback':
          frame.callbacks.push(number);
          break;
        case 'call':
          try {
            this.call(step.method, transaction, frame);
          } catch (error) {
            if (!step.caught) throw error;
          }
      }
    }
    if (fails) throw new Thrown();
  }
}
