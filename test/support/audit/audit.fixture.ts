import { Injectable, type INestApplicationContext, type Type } from '@nestjs/common';
import { Audit, type AuditAction, type ChangesArgument, type ChangesRule } from '@pikaia/audit';
import { Transactional } from '@pikaia/database';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../database/database.js';
import { startAuditApplication } from './audit.application.js';

/** A service whose transactions only record. */
@Injectable()
export class Recorder {
  constructor(readonly audit: Audit) {}

  @Transactional()
  async record<Target extends object, Changes extends ChangesRule>(
    action: AuditAction<Target, Changes>,
    aggregate: NoInfer<Target>,
    ...changes: ChangesArgument<Changes>
  ): Promise<boolean> {
    return this.audit.record(action, aggregate, ...changes);
  }
}

/** A database, and an application with the audit log and a service that records, connected with the role of the api. */
export class AuditFixture<T extends Recorder> {
  database!: TestDatabase;
  owner!: pg.Client;
  app!: INestApplicationContext;
  recorder!: T;

  constructor(private readonly service: Type<T>) {}

  async open(): Promise<void> {
    this.database = await createDatabase();
    this.owner = await connect(this.database.ownerUrl);
    this.app = await startAuditApplication(this.database.apiUrl, [this.service]);
    this.recorder = this.app.get(this.service);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.owner.end();
    await this.database.drop();
  }
}
