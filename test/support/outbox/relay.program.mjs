// A relay in a separate process that the test can kill at a chosen point. Its sink appends one line for each event to a file,
// so the deliveries are known after the process dies.
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { registerSinks } from '../../../libs/events/dist/log/register-sinks.js';
import { SinkRelay } from '../../../libs/events/dist/leader/sink.relay.js';

const { RELAY_URL, RELAY_FILE, RELAY_SINK, RELAY_TYPES, RELAY_LEADER_TIMEOUT_MS } = process.env;
const file = openSync(RELAY_FILE, 'a');
let deadly; // the point at which the process kills itself
let mode = 'accepting'; // the behavior of the sink: accepting, throttled, partly or afterAcceptance
let clockAhead = 0;

function pass(point) {
  if (point === deadly) process.kill(process.pid, 'SIGKILL');
}

const sink = {
  name: RELAY_SINK,
  from: 'beginning',
  ordering: 'aggregate',
  types: RELAY_TYPES.split(','),
  limits: { maxBatchEvents: 5, maxBatchBytes: 1_000_000, maxConcurrency: 4 },
  async deliver(batch) {
    const answering = mode;
    const outcomes = batch.map((event, index) => {
      if (index === 1) pass('in mid-batch');
      if (answering === 'throttled') return { kind: 'transport', error: new Error('throttled') };
      if (answering === 'partly' && index % 2) return { kind: 'refused', error: new Error('not this one') };
      const { event_id, aggregate_id, data } = JSON.parse(event.payload);
      const line = { at: Date.now(), id: event_id, key: aggregate_id, number: data.version, by: process.pid };
      writeSync(file, `${JSON.stringify(line)}\n`);
      return answering === 'afterAcceptance' ? { kind: 'transport', error: new Error('no answer') } : { kind: 'accepted' };
    });
    pass('after send');
    await pause(Math.random() * 4);
    return outcomes;
  },
};

class RelayWithFaultPoints extends SinkRelay {
  createReader(client) {
    const reader = super.createReader(client);
    const read = reader.read.bind(reader);
    reader.read = async (cursor) => {
      const reading = await read(cursor);
      if (reading.rows.length) pass('after read');
      return reading;
    };
    return reader;
  }

  createStore(client) {
    const store = super.createStore(client);
    const write = store.store.bind(store);
    store.store = async (...values) => {
      pass('before the cursor is stored');
      if (this.loop.isStopping) pass('on hand-over');
      const backend = await write(...values);
      pass('after the cursor is stored');
      return backend;
    };
    return store;
  }
}

const relay = new RelayWithFaultPoints({
  url: RELAY_URL,
  sink,
  worker: String(process.pid),
  clock: { now: () => new Date(Date.now() + clockAhead), monotonic: () => performance.now() },
  limits: { fresh: 50, late: 10, bytes: 1_000_000 },
  pollIntervalMs: 20,
  storeIntervalMs: 50,
  leaderTimeoutMs: Number(RELAY_LEADER_TIMEOUT_MS),
});
await registerSinks(RELAY_URL, [sink], String(process.pid));
relay.start();

process.on('message', async (said) => {
  if ('deadly' in said) deadly = said.deadly;
  if ('mode' in said) mode = said.mode;
  if ('clockAhead' in said) clockAhead = said.clockAhead;
  if (!said.stop) return;
  await relay.stop();
  closeSync(file);
  process.disconnect();
});
