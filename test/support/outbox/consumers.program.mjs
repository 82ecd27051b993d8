// A worker with three consumers in a separate process that the test can kill at a chosen point. CODE names the version of its code:
// `old` handles version 1 of crate.moved; `new` handles versions 1 and 2, and crate.opened. Database effects are rows of
// crate_effect; external effects are lines of a file, so they are known after the process dies.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context } from '@pikaia/core';
import { DatabaseModule, writeInTransaction } from '@pikaia/database';
import { Consumer, DomainEvent, Handles, Upcast } from '@pikaia/events';
import { IsInt, IsObject, IsString } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import { appendFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { ClaimKeeper } from '../../../libs/events/dist/consume/claim.keeper.js';
import { defineConsumers } from '../../../libs/events/dist/consume/consumer.definition.js';
import { ConsumerRunner } from '../../../libs/events/dist/consume/consumer.runner.js';
import { Receipts } from '../../../libs/events/dist/consume/receipts.js';
import { CursorStore } from '../../../libs/events/dist/log/cursor.store.js';
import { OutboxReader } from '../../../libs/events/dist/log/outbox.reader.js';
import { LocalSink } from '../../../libs/events/dist/sinks/local/local.sink.js';
import { RelaySupervisor } from '../../../libs/events/dist/worker/relay.supervisor.js';

const { CODE, WORKER_URL, EFFECTS_FILE, PLANTED } = process.env;
const CLAIM_MS = 5_000;
let deadly; // the point at which the process kills itself

function pass(point) {
  if (point === deadly) process.kill(process.pid, 'SIGKILL');
}

/** Makes a method of a class pass a point before and after it. */
function withPoints({ prototype }, method, { before, after }) {
  const original = prototype[method];
  prototype[method] = async function (...values) {
    if (before) pass(before);
    const result = await original.apply(this, values);
    if (after) pass(after);
    return result;
  };
}
withPoints(OutboxReader, 'read', { after: 'after a read' });
withPoints(CursorStore, 'store', { before: 'before the cursor is stored', after: 'after the cursor is stored' });
withPoints(ClaimKeeper, 'complete', { before: 'before the receipt', after: 'after the receipt' });

const descriptorOf = (holder, method) => Object.getOwnPropertyDescriptor(holder, method);

class CrateMoved {}
class CrateMovedV2 {
  static fromV1({ place, ...data }) {
    return { ...data, place: { name: place } };
  }
}
class CrateOpened {}
for (const contract of [CrateMoved, CrateMovedV2, CrateOpened]) IsInt()(contract.prototype, 'number');
for (const contract of [CrateMoved, CrateMovedV2, CrateOpened]) IsObject()(contract.prototype, 'fails');
IsString()(CrateMoved.prototype, 'place');
IsObject()(CrateMovedV2.prototype, 'place');
DomainEvent('crate.moved', { version: 1, aggregate: 'thing' })(CrateMoved);
DomainEvent('crate.moved', { version: 2, aggregate: 'thing' })(CrateMovedV2);
DomainEvent('crate.opened', { version: 1, aggregate: 'thing' })(CrateOpened);
Upcast(CrateMoved, CrateMovedV2)(CrateMovedV2, 'fromV1', descriptorOf(CrateMovedV2, 'fromV1'));

const INSERT_EFFECT = `insert into crate_effect (consumer, event_id, replay, key, number, read_version, stored_version, place, worker)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
const HEALED = 'select from crate_healed where event_id = $1';

/** What the handler received. The place shows that the data has the form of its version. */
const effectOf = (consumer, event) => [
  consumer,
  event.event_id,
  event.replayed ?? null,
  event.aggregate_id,
  event.data.number,
  event.schema_version,
  event.upcast_from ?? event.schema_version,
  (event.schema_version === 2 ? event.data.place.name : event.data.place) ?? null,
  process.pid,
];

/** Throws if the test wants this event to fail at this consumer. */
async function failIfWanted(consumer, { event_id: id, data: { fails } }, query) {
  if (fails.consumer !== consumer) return;
  if (fails.how === 'once' && context.current.event.attempt === 1) throw new Error('fails once');
  if (fails.how === 'until healed' && !(await query(HEALED, [id])).length) throw new Error('fails until healed');
}

class DatabaseConsumer {
  constructor(name) {
    this.name = name;
  }
  async handle(event) {
    const query = (sql, values) =>
      writeInTransaction(
        (manager) => manager.query(sql, values),
        () => new Error('no transaction'),
      );
    await query(INSERT_EFFECT, effectOf(this.name, event));
    pass('after the effect');
    await failIfWanted(this.name, event, query);
  }
}
class Ledger extends DatabaseConsumer {}
class Clerk extends DatabaseConsumer {}
class Courier {
  async handle(event) {
    await failIfWanted('courier', event, (sql, values) => source.query(sql, values));
    appendFileSync(EFFECTS_FILE, `${JSON.stringify(effectOf('courier', event))}\n`);
    pass('after the effect');
  }
}

/** Declares the handlers of a consumer. Each has its own method, because a decorator is applied to a method. */
function declare(type, name, effect, contracts) {
  for (const contract of contracts) {
    const method = `handle${contract.name}`;
    type.prototype[method] = function (event) {
      return this.handle(event);
    };
    Handles(contract, { effect, replay: 'run', maxAttempts: 2 })(type.prototype, method, descriptorOf(type.prototype, method));
  }
  Consumer(name, { from: 'beginning' })(type);
}
const isNew = CODE === 'new';
declare(Ledger, 'ledger', 'database', isNew ? [CrateMovedV2] : [CrateMoved]); // upcasts version 1
declare(Courier, 'courier', 'external', isNew ? [CrateMoved, CrateMovedV2] : [CrateMoved]); // handles each version as it is
declare(Clerk, 'clerk', 'database', isNew ? [CrateMovedV2, CrateOpened] : [CrateMoved]);

if (PLANTED === 'passes unknown versions') {
  const { deliver } = LocalSink.prototype;
  LocalSink.prototype.deliver = async function (batch) {
    const outcomes = await deliver.call(this, batch);
    return outcomes.map((outcome) => (outcome.error?.code === 'PIKAIA_EVENT_VERSION_UNKNOWN' ? { kind: 'accepted' } : outcome));
  };
}

class WorkerModule {}
const settings = { databaseUrl: WORKER_URL, databasePoolSize: 12, databaseStatementTimeoutMs: 15_000 };
Module({ imports: [ClsModule.forRoot({ global: true }), DatabaseModule.forRoot({ settings, applicationName: 'crates' })] })(
  WorkerModule,
);
const app = await NestFactory.createApplicationContext(WorkerModule, { logger: false, abortOnError: false });
const source = app.get(DataSource);
const receipts = new Receipts(source, { url: WORKER_URL, claimMs: CLAIM_MS });
const consumers = defineConsumers([new Ledger('ledger'), new Courier(), new Clerk('clerk')]);
const relays = new RelaySupervisor(
  consumers.map((consumer) => new LocalSink(new ConsumerRunner(consumer, receipts))),
  {
    url: WORKER_URL,
    worker: `${CODE} ${process.pid}`,
    pollIntervalMs: 20,
    storeIntervalMs: 30,
    leaderTimeoutMs: 5_000,
  },
);
await relays.start();
process.send('ready');

process.on('message', async (said) => {
  if ('deadly' in said) deadly = said.deadly;
  if (!said.stop) return;
  await relays.stop(7_000);
  await receipts.stop();
  await app.close();
  process.disconnect();
});
