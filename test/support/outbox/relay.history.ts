import { NO_FLAWS, historyFlaws, type HistoryFlaws } from './event.history.js';

/** The key and number of an event. The numbers of a key increase by one in commit order. */
export interface ProducedEvent {
  readonly key: string;
  readonly number: number;
}

export interface DeliveredEvent extends ProducedEvent {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A fault of a worker, the database or the sink. */
export interface Disruption {
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

export interface RelayHistory {
  readonly committed: ReadonlyMap<string, ProducedEvent>;
  readonly rolledBack: ReadonlySet<string>;
  /** In the order of delivery to the sink. */
  readonly delivered: readonly DeliveredEvent[];
  readonly disruptions: readonly Disruption[];
  /** A fault can repeat the deliveries of this many milliseconds before it. Far more than the interval between two stores. */
  readonly horizonMs: number;
}

export interface RelayFlaws extends HistoryFlaws {
  /** Delivered for the first time after a later event of its key. */
  readonly outOfOrder: readonly string[];
  /** Delivered twice without a fault between the two deliveries. */
  readonly duplicated: readonly string[];
}

/** Compares committed and delivered events as sets, and checks the order of each key and the cause of each duplicate. */
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
