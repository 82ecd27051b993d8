import type { INestApplicationContext } from '@nestjs/common';
import { EventLog } from '@pikaia/events';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../database/database.js';
import { startAdminApplication } from './admin.application.js';

/** A database with the sinks of these names, and an application that reads the event log with the role of the api. */
export class EventLogFixture {
  database!: TestDatabase;
  owner!: pg.Client;
  app!: INestApplicationContext;
  log!: EventLog;

  constructor(private readonly sinks: readonly string[] = ['first']) {}

  async open(): Promise<void> {
    this.database = await createDatabase();
    this.owner = await connect(this.database.ownerUrl);
    await this.owner.query('insert into outbox.outbox_sink (name) select unnest($1::text[])', [this.sinks]);
    this.app = await startAdminApplication(this.database.apiUrl, { cursorKey: 'a key of the specs, 32 characters' });
    this.log = this.app.get(EventLog);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.owner.end();
    await this.database.drop();
  }
}
