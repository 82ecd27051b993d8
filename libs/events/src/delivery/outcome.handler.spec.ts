import { systemClock } from '@pikaia/core';
import { flushMetrics } from '@pikaia/logging';
import { captureLogs, type CapturedLogs } from '@pikaia/logging/testing';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { eventMetrics } from '../metrics.js';
import type { DeliveryIndex } from './delivery.index.js';
import type { Watermark } from './watermark.js';
import { Lanes, type Entry } from './lanes.js';
import { OutcomeHandler } from './outcome.handler.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import { accepted, type Outcome } from './sink.js';

const NOW = new Date('2026-01-01T00:00:10Z');
const lost: Outcome = { kind: 'transport', error: new Error('It is away.') };

const entry = (id: string, secondsAgo: number, replay?: Entry['replay']): Entry =>
  ({
    lane: id,
    bytes: 1,
    event: { eventId: id },
    recordedMs: NOW.getTime() - secondsAgo * 1000,
    delivery: null,
    batch: null,
    index: 0,
    ...(replay && { replay }),
  }) as unknown as Entry;

describe('OutcomeHandler', () => {
  let logs: CapturedLogs;

  beforeEach(() => {
    flushMetrics();
    logs = captureLogs();
  });
  afterEach(() => logs.restore());

  /** Handles the outcomes of one call with new lanes. @returns the number of accepted events. */
  function conclude(...answered: [Entry, Outcome][]): number {
    const relay = { sink: new ScriptedSink('spec'), clock: { ...systemClock, now: () => NOW }, random: () => 0.5 };
    const breaker = {
      close: () => undefined,
      markRecovered: () => undefined,
      markFailing: () => undefined,
      open: () => undefined,
    };
    const handler = new OutcomeHandler(
      relay,
      {} as Watermark,
      new Lanes(),
      {} as DeliveryIndex,
      breaker as unknown as CircuitBreaker,
    );
    handler.handleCall(
      answered.map(([one]) => one),
      answered.map(([, outcome]) => outcome),
      0,
    );
    flushMetrics();
    return handler.takeAccepted();
  }

  const measured = (definition: { readonly name: string }): unknown =>
    logs.records.map((line) => line[definition.name]).find((value) => value !== undefined);

  it('counts as published only the events of a call that the sink accepted', () => {
    expect(conclude([entry('a', 1), accepted], [entry('b', 2), lost], [entry('c', 3), accepted])).toBe(2);
    expect(measured(eventMetrics.published)).toBe(2);
    expect(measured(eventMetrics.publishLatency)).toEqual([1_000, 3_000]);
  });

  it('measures no latency of an event whose time of insert is unknown', () => {
    expect(conclude([{ ...entry('a', 1), recordedMs: null }, accepted])).toBe(1);
    expect([measured(eventMetrics.published), measured(eventMetrics.publishLatency)]).toEqual([1, undefined]);
  });

  it('counts nothing as published if the sink was not reached', () => {
    expect(conclude([entry('a', 1), lost])).toBe(0);
    expect(measured(eventMetrics.published)).toBeUndefined();
  });

  it('counts a replayed event as published but leaves it out of the latency', () => {
    const replay = { handleOutcome: () => undefined, requeue: () => undefined };
    expect(conclude([entry('a', 1), accepted], [entry('old', 9, replay), accepted])).toBe(2);
    expect(measured(eventMetrics.published)).toBe(2);
    expect(measured(eventMetrics.publishLatency)).toEqual(1_000);
  });
});
