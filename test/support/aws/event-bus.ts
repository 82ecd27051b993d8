import { EventBusClient } from '../../../libs/events/src/sinks/eventbridge/event-bus.client.js';
import { EventBridgeSink } from '../../../libs/events/src/sinks/eventbridge/eventbridge.sink.js';
import { EventBusStub, type StubOptions } from './event-bus.stub.js';

/**
 * PIKAIA_TEST_AWS_ENDPOINT_URL makes the specs of the sink use another endpoint (AWS, LocalStack, moto) and the bus in
 * PIKAIA_TEST_EVENT_BUS. Tests that need faults of the stub, or read the accepted events, are then skipped.
 */
const ENDPOINT = process.env['PIKAIA_TEST_AWS_ENDPOINT_URL'];

export const hasStub = ENDPOINT === undefined;

/** `it` if the stub is used, otherwise `it.skip`, since a test cannot make AWS fail. */
export const itWithStub = hasStub ? it : it.skip;

export interface BusUnderTest {
  readonly sink: EventBridgeSink;
  /** Throws if another endpoint is used. Guard its use with `itWithStub`. */
  readonly stub: EventBusStub;
  close(): Promise<void>;
}

interface BusOptions extends StubOptions {
  readonly timeoutMs?: number;
  readonly concurrency?: number;
  readonly maxBytes?: number;
}

/** Opens a sink, with the stub unless another endpoint is configured. */
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
      if (!stub) throw new Error('This test needs the stub. Use itWithStub.');
      return stub;
    },
    async close() {
      client.close();
      await stub?.stop();
    },
  };
}
