import type { AuditEntry, EventEntry, LogEntry, TrailEntry } from './trail.ts';

/** An entry and the number of events above it. */
export interface TreeEntry {
  readonly entry: TrailEntry;
  readonly depth: number;
}

/**
 * Returns the entries as a tree in reading order: below each event what its delivery and its consumers left, and the events that
 * they published. Siblings are in order of time; the entries of one consumer are together.
 */
export function treeOf(entries: readonly TrailEntry[]): TreeEntry[] {
  const parents = new Parents(entries);
  const children = Map.groupBy(entries, (entry) => parents.of(entry));
  const below = (parent: string | undefined, depth: number): TreeEntry[] =>
    siblings(children.get(parent) ?? [], parent).flatMap((entry) => [
      { entry, depth },
      ...(entry.kind === 'event' ? below(entry.event_id, depth + 1) : []),
    ]);
  return below(undefined, 0);
}

function siblings(entries: readonly TrailEntry[], parent: string | undefined): TrailEntry[] {
  return parent === undefined ? [...entries] : [...Map.groupBy(entries, consumerOf).values()].flat();
}

/** The consumer that left an entry below an event. */
function consumerOf(entry: TrailEntry): string | undefined {
  switch (entry.kind) {
    case 'receipt':
      return entry.consumer;
    case 'webhook':
    case 'webhook_attempt':
      return 'webhook-fan-out'; // the consumer that stores the deliveries
    case 'attempt':
      return consumerOfSink(entry.sink);
    case 'event':
      return entry.payload?.actor?.id;
    case 'audit':
      return entry.actor_id ?? undefined;
    default:
      return entry.consumer ?? consumerOfSink(entry['sink']);
  }
}

const consumerOfSink = (sink: unknown): string | undefined =>
  typeof sink === 'string' && sink.startsWith('local/') ? sink.slice('local/'.length) : undefined;

/** Finds the event below which an entry is shown. */
class Parents {
  private readonly events: ReadonlyMap<string, EventEntry>;
  /** The event in whose handler an audit entry was recorded, from the log line of the entry. */
  private readonly recordedIn: ReadonlyMap<unknown, string>;
  /** The events that each consumer handled. */
  private readonly handledBy: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(entries: readonly TrailEntry[]) {
    this.events = new Map(entries.filter((entry) => entry.kind === 'event').map((event) => [event.event_id, event]));
    const lines = entries.filter((entry): entry is LogEntry => entry.kind === 'log');
    this.recordedIn = new Map(
      lines.flatMap((line) => {
        const [record, event] = [line['audit.record_id'], this.known(line['event.id'])];
        return record !== undefined && event !== undefined ? [[record, event]] : [];
      }),
    );
    const handled = new Map<string, Set<string>>();
    for (const entry of entries) {
      if (entry.kind === 'receipt') handled.set(entry.consumer, (handled.get(entry.consumer) ?? new Set()).add(entry.event_id));
    }
    this.handledBy = handled;
  }

  of(entry: TrailEntry): string | undefined {
    switch (entry.kind) {
      case 'event':
        return this.causeOf(entry);
      case 'audit':
        return this.ofAudit(entry);
      case 'log':
        return this.known(entry['event.id']);
      default:
        return this.known(entry.event_id);
    }
  }

  /** Undefined for an event whose causes form a circle, so that it is shown. */
  private causeOf(event: EventEntry): string | undefined {
    const passed = new Set<string>();
    for (let at: EventEntry | undefined = event; at; at = this.events.get(at.causation_id ?? '')) {
      if (passed.has(at.event_id)) return undefined;
      passed.add(at.event_id);
    }
    return this.known(event.causation_id);
  }

  /** An audit entry has no event. Without its log line, its actor is the consumer, which may have handled several events. */
  private ofAudit({ id, actor_type: type, actor_id: actor }: AuditEntry): string | undefined {
    const event = this.recordedIn.get(id);
    if (event !== undefined) return event;
    const handled = type === 'system' && actor !== null ? [...(this.handledBy.get(actor) ?? [])] : [];
    return handled.length === 1 ? this.known(handled[0]) : undefined;
  }

  private known(id: unknown): string | undefined {
    return typeof id === 'string' && this.events.has(id) ? id : undefined;
  }
}
