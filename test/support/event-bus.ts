import { EventBusClient } from '../../libs/events/src/sinks/eventbridge/event-bus.client.js';
import { EventBridgeSink } from '../../libs/events/src/sinks/eventbridge/eventbridge.sink.js';
import { EventBusStub, type StubOptions } from './event-bus.stub.js';

/**
 * With PIKAIA_TEST_AWS_ENDPOINT_URL the specs of the sink run against what stands there (AWS, LocalStack, moto), with a
 * bus of the name in PIKAIA_TEST_EVENT_BUS. What needs the stub's faults, or reads back what arrived, is skipped then.
 */
const ENDPOINT = process.env['PIKAIA_TEST_AWS_ENDPOINT_URL'];

export const hasStub = ENDPOINT === undefined;

/** `it` where the stub is asked; elsewhere skipped, since AWS cannot be told to fail; the report shows it. */
export const itWithStub = hasStub ? it : it.skip;

export interface BusUnderTest {
  readonly sink: EventBridgeSink;
  /** Fails where there is none: guard with `itWithStub`. */
  readonly stub: EventBusStub;
  close(): Promise<void>;
}

interface BusOptions extends StubOptions {
  readonly timeoutMs?: number;
  readonly concurrency?: number;
  readonly maxBytes?: number;
}

/** A sink, and what it sends to. */
export async function openBus({
  timeoutMs = 2000,
  concurrency = 8,
  maxBytes = 256 * 1024,
  ...options
}: BusOptions = {}): Promise<BusUnderTest> {
  const stub = hasStub ? await EventBusStub.start({ limitBytes: maxBytes, ...options }) : undefined;
  process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';
  const client = new EventBusClient({
    busName: process.env['PIKAIA_TEST_EVENT_BUS'] ?? 'pikaia',
    region: process.env['AWS_REGION'] ?? 'eu-central-1',
    endpoint: ENDPOINT ?? stub!.url,
    concurrency,
    timeoutMs,
  });
  const sink = new EventBridgeSink({ client, from: 'now', maxBytes, concurrency, checkIntervalMs: 1000, random: () => 0.5 });
  return {
    sink,
    get stub() {
      if (!stub) throw new Error('Only the stub has that.');
      return stub;
    },
    async close() {
      client.close();
      await stub?.stop();
    },
  };
}
