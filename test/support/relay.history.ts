import { flawless, flawsOf, type HistoryFlaws } from './event.history.js';

/** What a producer knows of an event: a key's numbers grow by one, in the order of their commits. */
export interface Produced {
  readonly key: string;
  readonly number: number;
}

export interface Delivered extends Produced {
  readonly id: string;
  /** Milliseconds of the epoch. */
  readonly at: number;
}

/** Something was done to a worker, the database or the sink. */
export interface Disruption {
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

export interface RelayHistory {
  readonly committed: ReadonlyMap<string, Produced>;
  readonly rolledBack: ReadonlySet<string>;
  /** In the order in which the sink got them. */
  readonly delivered: readonly Delivered[];
  readonly disruptions: readonly Disruption[];
  /** Milliseconds before a disruption of which everything may come again: far more than between two stores. */
  readonly horizonMs: number;
}

export interface RelayFlaws extends HistoryFlaws {
  /** Came for the first time after a later one of its key. */
  readonly disordered: readonly string[];
  /** Came twice, and nothing had happened in between. */
  readonly repeated: readonly string[];
}

/** Committed = delivered, as sets; order by key; twice only around a disruption. */
export function relayFlawsOf({ committed, rolledBack, delivered, disruptions, horizonMs }: RelayHistory): RelayFlaws {
  const highest = new Map<string, number>();
  const last = new Map<string, Delivered>();
  const disordered: string[] = [];
  const repeated: string[] = [];
  for (const event of delivered) {
    const before = last.get(event.id);
    last.set(event.id, event);
    if (before) {
      const isExplained = disruptions.some(
        ({ from, to }) => before.at >= from - horizonMs && before.at <= to && event.at >= from,
      );
      if (!isExplained) repeated.push(event.id);
      continue;
    }
    if (event.number < (highest.get(event.key) ?? 0)) disordered.push(event.id);
    highest.set(event.key, Math.max(event.number, highest.get(event.key) ?? 0));
  }
  const arrived = delivered.map(({ id }) => id);
  return { ...flawsOf({ committed: new Set(committed.keys()), rolledBack, arrived }), disordered, repeated };
}

export const flawlessRelay: RelayFlaws = { ...flawless, disordered: [], repeated: [] };
