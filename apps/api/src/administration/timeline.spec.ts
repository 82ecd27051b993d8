import type { Envelope, EventView, ReceiptView } from '@pikaia/events';
import { timelineOf } from './timeline.js';

const at = (millisecond: number) => new Date(Date.UTC(2026, 0, 1, 8, 30, 0, millisecond));
const event = (time: Date): EventView => ({
  event_id: 'e',
  event_type: 'member.invited',
  schema_version: 1,
  position: '1',
  aggregate_type: 'member',
  aggregate_id: 'm',
  organization_id: 'o',
  correlation_id: 'c',
  causation_id: null,
  occurred_at: time,
  recorded_at: null,
  status: 'published',
  attempts: 0,
  last_error: null,
  deciding_deliveries: [],
  published_at: time,
  payload: {} as Envelope,
  shortened: null,
});
const receipt: ReceiptView = {
  event_id: 'e',
  consumer: 'welcome-email',
  state: 'claimed',
  claimed_until: at(9),
  done_at: null,
  result: null,
  shortened: null,
};

const kindsOf = (trail: Partial<Parameters<typeof timelineOf>[0]>) =>
  timelineOf({ logs: [], events: [], attempts: [], receipts: [], audit: [], ...trail }).map(
    ({ kind, time }) => `${kind} ${time.slice(20)}`,
  );

describe('timelineOf', () => {
  it('sorts entries of all sources chronologically', () => {
    expect(
      kindsOf({
        logs: [{ timestamp: at(5).toISOString() }, { timestamp: at(1).toISOString() }],
        events: [event(at(3))],
        attempts: [{ event_id: 'e', sink: 's', attempted_at: at(6), error: 'x' }],
        receipts: [{ ...receipt, done_at: at(8) }],
        audit: [{ created_at: '2026-01-01T08:30:00.004999Z' }],
      }),
    ).toEqual(['log 001Z', 'event 003Z', 'audit 004999Z', 'log 005Z', 'attempt 006Z', 'receipt 008Z']);
  });

  it('places a cause before its effect at equal times', () => {
    expect(
      kindsOf({
        receipts: [{ ...receipt, claimed_until: at(1) }],
        attempts: [{ event_id: 'e', sink: 's', attempted_at: at(1), error: 'x' }],
        events: [event(at(1))],
        audit: [{ created_at: at(1) }],
        logs: [{ timestamp: at(1).toISOString() }],
      }),
    ).toEqual(['log 001Z', 'audit 001Z', 'event 001Z', 'attempt 001Z', 'receipt 001Z']);
  });

  it('returns an empty list without any source', () => {
    expect(kindsOf({})).toEqual([]);
  });
});
