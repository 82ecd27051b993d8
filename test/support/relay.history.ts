import { NO_FLAWS, historyFlaws, type HistoryFlaws } from './event.history.js';

/** What a producer knows of an event: a key's numbers grow by one, in the order of their commits. */
export interface ProducedEvent {
  readonly key: string;
  readonly number: number;
}

export interface DeliveredEvent extends ProducedEvent {
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
  readonly committed: ReadonlyMap<string, ProducedEvent>;
  readonly rolledBack: ReadonlySet<string>;
  /** In the order in which the sink got them. */
  readonly delivered: readonly DeliveredEvent[];
  readonly disruptions: readonly Disruption[];
  /** Milliseconds before a disruption of which everything may come again: far more than between two stores. */
  readonly horizonMs: number;
}

export interface RelayFlaws extends HistoryFlaws {
  /** Came for the first time after a later one of its key. */
  readonly outOfOrder: readonly string[];
  /** Came twice, and nothing had happened in between. */
  readonly duplicated: readonly string[];
}

/** Committed = delivered, as sets; order by key; twice only around a disruption. */
export function relayFlaws({ committed, rolledBack, delivered, disruptions, horizonMs }: RelayHistory): RelayFlaws {
  const highest = new Map<string, number>();
  const last = new Map<string, DeliveredEvent>();
  const outOfOrder: string[] = [];
  const duplicated: string[] = [];
  for (const event of delivered) {
    const before = last.get(event.id);
    last.set(event.id, event);
    if (before) {
      const isExplained = disruptions.some(
        ({ from, to }) => before.at >= from - horizonMs && before.at <= to && event.at >= from,
      );
      if (!isExplained) duplicated.push(event.id);
      continue;
    }
    if (event.number < (highest.get(event.key) ?? 0)) outOfOrder.push(event.id);
    highest.set(event.key, Math.max(event.number, highest.get(event.key) ?? 0));
  }
  const arrived = delivered.map(({ id }) => id);
  return { ...historyFlaws({ committed: new Set(committed.keys()), rolledBack, arrived }), outOfOrder, duplicated };
}

export const NO_RELAY_FLAWS: RelayFlaws = { ...NO_FLAWS, outOfOrder: [], duplicated: [] };
