// Loads each entry point with import and with require, and uses both in one transaction. Prints what differs, and what it did.
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsString } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import { Logger, PinoLogger } from 'nestjs-pino';

const require = createRequire(import.meta.url);
const ENTRIES = [
  'core',
  'logging',
  'logging/testing',
  'logging/queries',
  'database',
  'events',
  'events/metrics',
  'events/testing',
  'audit',
];
const imported = {};
const required = {};
const different = [];
for (const entry of ENTRIES) {
  imported[entry] = await import(`@pikaia/${entry}`);
  required[entry] = require(`@pikaia/${entry}`);
  for (const [name, value] of Object.entries(required[entry])) {
    if (imported[entry][name] !== value) different.push(`${entry}: ${name}`);
  }
}

const { context, PikaiaError } = imported.core;
const { DatabaseModule, Transactional } = imported.database;
class OrderPlaced {}
IsString()(OrderPlaced.prototype, 'item');
imported.events.DomainEvent('order.placed', { version: 1, aggregate: 'order' })(OrderPlaced);
const orderSeen = imported.audit.auditAction('order.seen', { aggregate: 'order', changes: 'none', description: 'Seen.' });

const order = { type: 'order', id: '7' };
class Orders {
  constructor(app) {
    this.events = app.get(required.events.Events);
    this.audit = app.get(required.audit.Audit);
  }

  async place() {
    required.core.context.bind({ actor: { type: 'system', id: 'shop' } });
    await required.database.currentManager().query('select 1');
    await this.events.publish(OrderPlaced, order, { item: 'paper' });
    await this.audit.record(orderSeen, order);
    return { inTransaction: required.database.inTransaction(), actor: context.actor.id };
  }
}
const place = Object.getOwnPropertyDescriptor(Orders.prototype, 'place');
Transactional()(Orders.prototype, 'place', place);
Object.defineProperty(Orders.prototype, 'place', place);

class Shop {}
const settings = { databaseUrl: process.env.DATABASE_URL, databasePoolSize: 4, databaseStatementTimeoutMs: 15_000 };
Module({
  imports: [
    ClsModule.forRoot({ global: true }),
    imported.logging.LoggingModule.forRoot({ service: 'shop', level: 'critical' }),
    DatabaseModule.forRoot({ settings, applicationName: 'shop' }),
    required.events.EventsModule.forRoot({ databaseUrl: process.env.DATABASE_URL }),
    imported.audit.AuditModule.forRoot(),
  ],
})(Shop);
const app = await NestFactory.createApplicationContext(Shop, { abortOnError: false });
const orders = new Orders(app);
const placed = await context.run({}, () => orders.place());
const publish = () => orders.events.publish(OrderPlaced, order, { item: 'paper' });
const error = await context.run({}, publish).catch((thrown) => thrown);
const pino = require('nestjs-pino');
const loggers = await Promise.all(
  [PinoLogger, Logger, pino.PinoLogger, pino.Logger].map((token) => app.resolve(token, undefined, { strict: false })),
);
const result = {
  different,
  ...placed,
  isPikaiaError: [error instanceof PikaiaError, error instanceof required.core.PikaiaError, error.code],
  loggers: loggers.map((logger) => typeof logger),
};
await app.close();
process.stdout.write(`${JSON.stringify(result)}\n`);
