import { TransactionHost } from '@nestjs-cls/transactional';
import type { InjectionToken } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { PikaiaError } from '@pikaia/core';
import { DataSource } from 'typeorm';

/**
 * Checks that exactly one module of the application provides the data source, and one its transactions. Otherwise the order of the
 * imports would decide which of them a class gets.
 *
 * @param name the name of the data source; undefined for the default one.
 * @throws PikaiaError `PIKAIA_DATABASE_DATA_SOURCE_DUPLICATE`, `PIKAIA_DATABASE_DATA_SOURCE_MISSING`, `PIKAIA_TRANSACTION_HOST_DUPLICATE`.
 */
export function checkDataSources(modules: ModulesContainer, name: string | undefined): void {
  const count = providersOf(modules, getDataSourceToken(name));
  if (count > 1) throw duplicateError(name);
  if (count === 0) throw missingError(name, modules);
  if (providersOf(modules, TransactionHost) > 1) throw hostDuplicateError();
}

const providersOf = (modules: ModulesContainer, token: InjectionToken): number =>
  [...modules.values()].filter(({ providers }) => providers.get(token)?.isAlias === false).length;

const described = (name: string | undefined): string =>
  name === undefined ? 'the default data source' : `the data source "${name}"`;

const duplicateError = (name: string | undefined): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_DATA_SOURCE_DUPLICATE',
    `Two modules provide ${described(name)}. If the application imports TypeOrmModule.forRoot or forRootAsync, use DatabaseModule.forExisting() instead of DatabaseModule.forRoot(): it joins that data source. If the other one is a second database, give it a name in TypeOrmModule. If DatabaseModule is imported twice, import it once, in the root module.`,
  );

function missingError(name: string | undefined, modules: ModulesContainer): PikaiaError {
  const tokens = new Set([...modules.values()].flatMap(({ providers }) => [...providers.keys()]));
  const named = [...tokens].flatMap((token) =>
    typeof token === 'string' && token.endsWith('DataSource') ? [token.slice(0, -'DataSource'.length)] : [],
  );
  const found = [...(tokens.has(DataSource) ? ['the default one'] : []), ...named];
  return new PikaiaError(
    'PIKAIA_DATABASE_DATA_SOURCE_MISSING',
    `No module provides ${described(name)}; found: ${found.join(', ') || 'none'}. Import TypeOrmModule.forRoot or forRootAsync, and pass its name: DatabaseModule.forExisting({ dataSource: 'name' }). Without an own data source, use DatabaseModule.forRoot().`,
  );
}

/** The error of a data source that exists and cannot be injected. */
export const unavailableError = (name: string | undefined): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_DATA_SOURCE_MISSING',
    `DatabaseModule cannot get ${described(name)}: the module that provides it neither exports it nor is global. Use TypeOrmModule.forRoot or forRootAsync.`,
  );

const hostDuplicateError = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_HOST_DUPLICATE',
    'Two modules open the transactions of @Transactional(): DatabaseModule is imported twice with different options, or the application registers ClsPluginTransactional itself. Import DatabaseModule once, and remove the other plugin or give it a connectionName.',
  );
