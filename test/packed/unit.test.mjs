// Unit tests of a service with node:test, without a database. Decorators are calls, because there is no compiler.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Test } from '@nestjs/testing';
import { Audit, auditAction } from '@pikaia/audit';
import { captureAudit, expectAudited } from '@pikaia/audit/testing';
import { context } from '@pikaia/core';
import { Transactional } from '@pikaia/database';
import { DomainEvent, Events } from '@pikaia/events';
import { captureEvents, expectPublished } from '@pikaia/events/testing';
import { IsInt } from 'class-validator';

class OrderPlaced {}
IsInt()(OrderPlaced.prototype, 'total');
DomainEvent('order.placed', { version: 1, aggregate: 'order' })(OrderPlaced);
const orderPlaced = auditAction('order.placed', {
  aggregate: 'order',
  changes: 'none',
  event: OrderPlaced,
  description: 'An order is placed.',
});

class Orders {
  constructor(events, audit) {
    Object.assign(this, { events, audit });
  }
  async place(id, total, isAudited) {
    await this.events.publish(OrderPlaced, { id }, { total });
    if (isAudited) await this.audit.record(orderPlaced, { type: 'order', id });
  }
}
const place = Object.getOwnPropertyDescriptor(Orders.prototype, 'place');
Transactional()(Orders.prototype, 'place', place);
Object.defineProperty(Orders.prototype, 'place', place);

const [events, audit] = [captureEvents(), captureAudit()];
const ordersProvider = { provide: Orders, useFactory: (...parts) => new Orders(...parts), inject: [Events, Audit] };
const module = await Test.createTestingModule({ imports: [events.module, audit.module], providers: [ordersProvider] }).compile();
const orders = module.get(Orders);
const inContext = (work) => context.run({ actor: { type: 'user', id: '7' } }, work);

test('an order is published and audited', async () => {
  await inContext(() => orders.place('1', 500, true));
  assert.equal(expectPublished(events, OrderPlaced, { data: { total: 500 } }).aggregate_id, '1');
  expectAudited(audit, orderPlaced, { aggregate: { id: '1' }, actor: { id: '7' } });
});

test('an order without its entry is rolled back, and nothing is captured', async () => {
  events.clear();
  await assert.rejects(
    inContext(() => orders.place('2', 500, false)),
    { code: 'PIKAIA_AUDIT_ENTRY_MISSING' },
  );
  assert.throws(() => expectPublished(events, OrderPlaced), /order\.placed version 1 was not published/);
});
