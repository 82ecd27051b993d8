import { PikaiaError } from '@pikaia/core';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { addressOf, type DatabaseAddress } from '../client/database-address.js';
import { keepMicroseconds } from '../client/exact-dates.js';
import { connectionSetup, setUpConnectionsOf, type ConnectionOptions } from '../query/connection-setup.js';
import { keepCallerContext } from '../query/measured-client.js';

const adopted = new WeakSet<Pool>(); // two applications of a process can share a data source

/**
 * Gives the connections of a data source what Pikaia's transactions need. Callbacks of its pools run in the context of their caller. The
 * application decides about everything else: pool size, connect timeout, TLS, `application_name`, logging.
 *
 * @param options of the connections; undefined if the pool sets them up itself.
 * @returns the address of the database.
 */
export function adoptDataSource(source: DataSource, options?: ConnectionOptions): DatabaseAddress {
  if (source.options.type !== 'postgres') throw driverUnsupported(source.options.type);
  const { master, slaves = [] } = source.driver as unknown as { readonly master?: Pool; readonly slaves?: readonly Pool[] };
  if (!master) throw notConnected();
  const setUp = options && connectionSetup(options);
  for (const pool of [master, ...slaves]) {
    if (adopted.has(pool)) continue;
    adopted.add(pool);
    if (setUp) {
      setUpConnectionsOf(pool, async (client) => {
        await setUp(client);
        keepMicroseconds(client);
      });
    }
    keepCallerContext(pool);
  }
  return addressOf(master);
}

const notConnected = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_DATA_SOURCE_MISSING',
    'The data source is not connected when the application starts. Remove manualInitialization from its options.',
  );

const driverUnsupported = (type: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_DRIVER_UNSUPPORTED',
    `The type of the data source is "${type}", and only "postgres" is supported. Name another data source: DatabaseModule.forExisting({ dataSource: 'name' }).`,
  );
