import { PikaiaError } from '@pikaia/core';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { consumerDeclarationOf } from '../consume/consumer.decorator.js';
import { describeConsumer, type ConsumerDescription } from '../consume/consumer.description.js';
import { findContractOf, type Contract } from '../contract/domain-event.js';

export interface ExportedEvents {
  readonly contracts: readonly Contract[];
  readonly consumers: readonly ConsumerDescription[];
}

/**
 * Imports compiled modules and returns the contract classes and consumers that they export.
 *
 * @throws PikaiaError `PIKAIA_ARGUMENTS_INVALID` if a module does not exist, or the modules export no contract class.
 */
export async function importEvents(modules: readonly string[]): Promise<ExportedEvents> {
  const classes = new Set<Function>();
  for (const path of modules) {
    if (!existsSync(path)) throw new PikaiaError('PIKAIA_ARGUMENTS_INVALID', `There is no module ${path}. Compile it first.`);
    const exported = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
    for (const value of [...Object.values(exported), ...Object.values(exported['default'] ?? {})])
      if (typeof value === 'function') classes.add(value);
  }
  const contracts = [...classes].flatMap((type) => findContractOf(type) ?? []);
  const consumers = [...classes].filter((type) => consumerDeclarationOf(type)).map(describeConsumer);
  if (contracts.length) return { contracts, consumers };
  throw new PikaiaError(
    'PIKAIA_ARGUMENTS_INVALID',
    `${modules.join(' and ')} exports no class with @DomainEvent. Name the compiled module that exports them; it and this command must use the same installation of @pikaia/events.`,
  );
}
