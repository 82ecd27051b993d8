// The step of the deployment that runs the application's own migrations, like `typeorm migration:run`.
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';

class CreateOrders1700000000000 implements MigrationInterface {
  readonly name = 'CreateOrders1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table shop_order (id uuid primary key default gen_random_uuid(), customer_email text not null,
      order_status text not null default 'open')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table shop_order');
  }
}

async function run(): Promise<void> {
  const source = new DataSource({ type: 'postgres', url: process.env['DATABASE_URL']!, migrations: [CreateOrders1700000000000] });
  await source.initialize();
  await source.runMigrations();
  await source.destroy();
}

void run();
