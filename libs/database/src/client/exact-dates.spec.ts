import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule } from '@pikaia/database';
import { ClsModule } from 'nestjs-cls';
import pg from 'pg';
import { Column, DataSource, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { exactTime } from './exact-dates.js';

@Entity('visit')
class Visit {
  @PrimaryColumn('int')
  id!: number;

  @Column('timestamptz', { nullable: true })
  at!: Date | null;

  @Column('timestamptz', { array: true, nullable: true })
  times!: (Date | null)[] | null;

  @UpdateDateColumn({ type: 'timestamptz' })
  changed!: Date;
}

const OIDS = [1114, 1115, 1184, 1185];

describe('exactTime', () => {
  let database: TestDatabase;
  let app: INestApplicationContext;
  let owner: pg.Client;
  let source: DataSource;

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    await owner.query(`
      create table visit (id int primary key, at timestamptz, times timestamptz[], changed timestamptz not null default clock_timestamp());
      grant select, insert, update on visit to pikaia_api;
      insert into visit values (1, '2026-01-17 11:23:45.125967+01', '{2026-01-17 10:00:00.000001+00,null,infinity,2026-01-17 10:00:00+00}', '1969-12-31 23:59:59.999967+00')`);
    const settings = { databaseUrl: database.apiUrl, databasePoolSize: 2, databaseStatementTimeoutMs: 15_000 };
    const module = { module: class SpecModule {}, imports: [ClsModule.forRoot({ global: true }), DatabaseModule.forRoot({ settings, applicationName: 'spec', entities: [Visit] })] }; // prettier-ignore
    app = await NestFactory.createApplicationContext(module, { logger: false });
    source = app.get(DataSource);
  });
  afterAll(async () => {
    await app.close();
    await owner.end();
    await database.drop();
  });

  const find = (): Promise<Visit> => source.manager.findOneByOrFail(Visit, { id: 1 });

  it('returns the microseconds that the database has, for each Date that DatabaseModule has read', async () => {
    const { at, times, changed } = await find();
    expect(exactTime(at!)).toBe('2026-01-17T10:23:45.125967Z');
    expect(at).toEqual(new Date('2026-01-17T10:23:45.125Z'));
    expect([JSON.stringify(at), Object.keys(at!)]).toEqual(['"2026-01-17T10:23:45.125Z"', []]);
    expect(times!.map((time) => (time instanceof Date ? exactTime(time) : time))).toEqual([
      '2026-01-17T10:00:00.000001Z',
      null,
      Infinity,
      '2026-01-17T10:00:00.000000Z',
    ]);
    expect(exactTime(changed)).toBe('1969-12-31T23:59:59.999967Z');
    const [raw] = await source.query<{ at: Date }[]>('select at from visit');
    expect(exactTime(raw!.at)).toBe('2026-01-17T10:23:45.125967Z');
  });

  it('returns zeros after the milliseconds for a Date that was made or changed in JavaScript', async () => {
    const { at } = await find();
    expect(exactTime(new Date(at!))).toBe('2026-01-17T10:23:45.125000Z');
    at!.setMilliseconds(126);
    expect(exactTime(at!)).toBe('2026-01-17T10:23:45.126000Z');
  });

  it('returns the microseconds that the server sets during a save', async () => {
    const visit = await find();
    visit.at = new Date();
    await source.manager.save(visit);
    const { rows } = await owner.query<{ changed: string; at: string }>(
      `select to_char(changed at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as changed, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from visit`,
    );
    expect({ changed: exactTime(visit.changed), at: exactTime(visit.at) }).toEqual(rows[0]);
  });

  it('leaves the results of a parser that the application has replaced as they are', async () => {
    const before = OIDS.map((oid) => pg.types.getTypeParser(oid));
    const frozen = Object.freeze(new Date(0));
    try {
      for (const oid of OIDS) pg.types.setTypeParser(oid, (text) => text);
      expect(await source.query('select at from visit')).toEqual([{ at: expect.stringMatching(/^\d{4}-.*\+00$/) }]);
      for (const oid of OIDS) pg.types.setTypeParser(oid, () => frozen);
      expect(await source.query(`select timestamptz '2026-01-01 00:00:00.123456Z' as at`)).toEqual([{ at: frozen }]);
    } finally {
      for (const [index, oid] of OIDS.entries()) pg.types.setTypeParser(oid, before[index]!);
    }
  });
});
