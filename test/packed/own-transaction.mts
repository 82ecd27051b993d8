// An application without @Transactional(): it publishes and records in the transactions of pg, TypeORM, Knex and Drizzle.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Audit, auditAction, AuditModule } from '@pikaia/audit';
import { context } from '@pikaia/core';
import { DatabaseModule, type SqlExecutor } from '@pikaia/database';
import { DomainEvent, Events, EventsModule } from '@pikaia/events';
import { IsString } from 'class-validator';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import knex from 'knex';
import { ClsModule } from 'nestjs-cls';
import pg from 'pg';
import { DataSource } from 'typeorm';

const databaseUrl = process.env['DATABASE_URL']!;

class OrderPlaced {
  library!: string;
}
IsString()(OrderPlaced.prototype, 'library');
DomainEvent('order.placed', { version: 1, aggregate: 'order' })(OrderPlaced);
const orderPlaced = auditAction('order.placed', { aggregate: 'order', changes: 'none', description: 'An order is placed.' });

class ShopModule {}
const settings = { databaseUrl, databasePoolSize: 2, databaseStatementTimeoutMs: 5_000 };
Module({
  imports: [
    ClsModule.forRoot({ global: true }),
    DatabaseModule.forRoot({ settings, applicationName: 'shop' }),
    EventsModule.forRoot({ databaseUrl }),
    AuditModule.forRoot(),
  ],
})(ShopModule);
const app = await NestFactory.createApplicationContext(ShopModule, { logger: false });
const [events, audit] = [app.get(Events), app.get(Audit)];

/** What the code between BEGIN and COMMIT does. */
async function placeOrder(library: string, executor: SqlExecutor): Promise<void> {
  const id = `${library}-1`;
  await executor.query('insert into shop_order (id) values ($1)', [id]);
  await events.publish(OrderPlaced, { id }, { library }, { executor });
  await audit.record(orderPlaced, { type: 'order', id }, { executor });
}

const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
const source = await new DataSource({ type: 'postgres', url: databaseUrl }).initialize();
const knexPool = knex({ client: 'pg', connection: databaseUrl, pool: { min: 0, max: 2 } });
const drizzlePool = drizzle(pool);

type Work = (executor: SqlExecutor) => Promise<void>;

/** How each library runs `work` in a transaction. It commits unless `work` throws. */
const libraries: Record<string, (work: Work) => Promise<void>> = {
  pg: async (work) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await work(client);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  },
  typeorm: (work) => source.transaction((manager) => work(manager)),
  knex: (work) =>
    knexPool.transaction(async (trx) => {
      const client = (await trx.client.acquireConnection()) as pg.ClientBase; // the client of this transaction
      await work({ query: (text, values) => client.query(text, values) });
    }),
  drizzle: (work) =>
    drizzlePool.transaction((tx) => {
      // Drizzle numbers the parameters itself.
      const query: SqlExecutor['query'] = (text, values) =>
        tx.execute(
          sql.join(text.split(/\$(\d+)/).map((part, at) => (at % 2 ? sql.param(values[Number(part) - 1]) : sql.raw(part)))),
        );
      return work({ query });
    }),
};

await context.run({ actor: { type: 'system', id: 'shop' } }, async () => {
  for (const [library, transaction] of Object.entries(libraries)) {
    await transaction((executor) => placeOrder(library, executor));
    await transaction(async (executor) => {
      await placeOrder(`${library}-rolled-back`, executor);
      throw new Error('roll back');
    }).catch((error: Error) => {
      if (error.message !== 'roll back') throw error;
    });
  }
  const refused = await placeOrder('pool', pool).catch((error: { code: string }) => error.code);
  console.log(JSON.stringify({ refused }));
});

await Promise.all([app.close(), pool.end(), source.destroy(), knexPool.destroy()]);
