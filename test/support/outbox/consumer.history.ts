import { historyFlaws, NO_FLAWS, type HistoryFlaws } from './event.history.js';

/** An event that a transaction published, and what a consumer must see of it. */
export interface PublishedEvent {
  readonly key: string;
  /** The numbers of a key increase by one in commit order. */
  readonly number: number;
  readonly type: 'crate.moved' | 'crate.opened';
  readonly version: number;
  readonly place: string | null;
}

/** One effect of a handler. */
export interface Effect {
  readonly consumer: string;
  readonly eventId: string;
  /** The id of the replay. Null for the first delivery. */
  readonly replay: string | null;
  readonly key: string;
  readonly number: number;
  /** The version of the data that the handler received. */
  readonly readVersion: number;
  readonly storedVersion: number;
  readonly place: string | null;
  /** The process id of the worker. */
  readonly worker: number;
}

export interface ConsumerHistory {
  readonly committed: ReadonlyMap<string, PublishedEvent>;
  readonly rolledBack: ReadonlySet<string>;
  /** The event types of each consumer. */
  readonly wanted: Readonly<Record<string, readonly string[]>>;
  /** The consumers with database effects. */
  readonly exactlyOnce: ReadonlySet<string>;
  /** In the order in which a consumer's effects happened. */
  readonly effects: readonly Effect[];
  /** The workers of the old code, which handle only version 1 of `crate.moved`. */
  readonly oldWorkers: ReadonlySet<number>;
  /** The workers that were killed. An external effect of such a worker can be repeated. */
  readonly killed: ReadonlySet<number>;
}

export interface ConsumerFlaws extends HistoryFlaws {
  /** `consumer event` of each event that a consumer never handled. */
  readonly passedOver: readonly string[];
  /** `consumer event` of each effect that happened again, although it is in the database or its worker was not killed. */
  readonly repeated: readonly string[];
  /** `consumer event` of each effect that came after one of a later event of its key, in the same replay or in no replay. */
  readonly outOfOrder: readonly string[];
  /** `consumer event` of each event that was read as a wrong version, or with data that was not published. */
  readonly misread: readonly string[];
}

export const NO_CONSUMER_FLAWS: ConsumerFlaws = { ...NO_FLAWS, passedOver: [], repeated: [], outOfOrder: [], misread: [] };

/** Compares what was published with what consumers handled. */
export function consumerFlaws(history: ConsumerHistory): ConsumerFlaws {
  const { committed, rolledBack, effects, wanted } = history;
  const first = new Set(effects.filter(({ replay }) => replay === null).map(({ consumer, eventId }) => `${consumer} ${eventId}`));
  return {
    ...historyFlaws({ committed: new Set(committed.keys()), rolledBack, arrived: effects.map(({ eventId }) => eventId) }),
    passedOver: [...committed].flatMap(([id, { type }]) =>
      Object.keys(wanted)
        .filter((consumer) => wanted[consumer]!.includes(type) && !first.has(`${consumer} ${id}`))
        .map((consumer) => `${consumer} ${id}`),
    ),
    repeated: repeatedEffects(history),
    outOfOrder: effectsOutOfOrder(effects),
    misread: effects.filter((effect) => isMisread(effect, history)).map(nameOf),
  };
}

const nameOf = ({ consumer, eventId }: Effect): string => `${consumer} ${eventId}`;
const deliveryOf = ({ consumer, eventId, replay }: Effect): string => `${consumer} ${eventId} ${replay ?? ''}`;

function repeatedEffects({ effects, exactlyOnce, killed }: ConsumerHistory): string[] {
  const last = new Map<string, Effect>();
  return effects.flatMap((effect) => {
    const before = last.get(deliveryOf(effect));
    last.set(deliveryOf(effect), effect);
    return before && (exactlyOnce.has(effect.consumer) || !killed.has(before.worker)) ? [nameOf(effect)] : [];
  });
}

function effectsOutOfOrder(effects: readonly Effect[]): string[] {
  const seen = new Set<string>();
  const highest = new Map<string, number>();
  return effects.flatMap((effect) => {
    if (seen.has(deliveryOf(effect))) return []; // a repetition
    seen.add(deliveryOf(effect));
    const lane = `${effect.consumer} ${effect.key} ${effect.replay ?? ''}`;
    const before = highest.get(lane) ?? 0;
    highest.set(lane, Math.max(before, effect.number));
    return effect.number < before ? [nameOf(effect)] : [];
  });
}

function isMisread(effect: Effect, { committed, oldWorkers }: ConsumerHistory): boolean {
  const event = committed.get(effect.eventId);
  if (!event) return false; // reported as never written
  const isOld = oldWorkers.has(effect.worker);
  const isUpcast = event.type === 'crate.moved' && effect.consumer !== 'courier' && !isOld;
  const expected = isUpcast ? 2 : event.version;
  const isUnreadable = isOld && (event.version > 1 || event.type === 'crate.opened');
  const data = [effect.key, effect.number, effect.place, effect.storedVersion, effect.readVersion];
  const published = [event.key, event.number, event.place, event.version, expected];
  return isUnreadable || data.some((value, index) => value !== published[index]);
}
