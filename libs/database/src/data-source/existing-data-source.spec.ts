import pg from 'pg';
import type { DataSource } from 'typeorm';
import { connectionTo } from '../client/database-address.js';
import { adoptDataSource } from './existing-data-source.js';

const sourceOf = (pool: pg.Pool | undefined, type = 'postgres') =>
  ({ options: { type }, driver: { master: pool, slaves: [] } }) as unknown as DataSource;

describe('adoptDataSource', () => {
  it('returns the address of the pool with TLS and password, for connections outside the pool', () => {
    const password = (): string => 'of this minute';
    const pool = new pg.Pool({
      host: 'db.internal',
      port: 6432,
      user: 'shop',
      password,
      database: 'orders',
      ssl: { ca: 'PEM' },
      max: 3,
    });
    const address = connectionTo(adoptDataSource(sourceOf(pool)));
    expect(address).toEqual({ host: 'db.internal', port: 6432, user: 'shop', password, database: 'orders', ssl: { ca: 'PEM' } });
  });

  it('adopts a pool once, although two applications share it', () => {
    const pool = new pg.Pool();
    const options = { statementTimeoutMs: 1_000, slowQueryMs: 1_000, answerGraceMs: 1_000 };
    adoptDataSource(sourceOf(pool), options);
    const { connect } = pool;
    adoptDataSource(sourceOf(pool), options);
    expect(pool.connect).toBe(connect);
  });

  it.each([
    ['another type of database', () => sourceOf(undefined, 'mysql'), 'PIKAIA_DATABASE_DRIVER_UNSUPPORTED'],
    ['a data source that is not connected', () => sourceOf(undefined), 'PIKAIA_DATABASE_DATA_SOURCE_MISSING'],
  ])('refuses %s', (_, source, code) => {
    expect(() => adoptDataSource(source())).toThrow(expect.objectContaining({ code }));
  });
});
