import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { declaredActions, findAuditDeclarations } from '@pikaia/audit';
import { describeDeclaredContracts, OutboxStatus, type DescribedContract } from '@pikaia/events';
import { customerEventTypes } from '@pikaia/webhooks';
import { API_PREFIX } from '../server/api-prefix.js';
import { PageCursor } from '../server/page.cursor.js';
import type { PageRequest } from '../server/page.request.js';

type Described = Omit<DescribedContract, 'consumers'>;

const LIST = 'contracts';

/** Describes the events of this process: contracts, the actions and routes that publish them, and the sinks that receive them. */
@Injectable()
export class ContractsService {
  private readonly customerTypes = new Set(customerEventTypes().map(({ type }) => type));
  private described: Map<string, Described[]> | undefined;

  constructor(
    private readonly modules: ModulesContainer,
    private readonly status: OutboxStatus,
    private readonly cursors: PageCursor,
  ) {}

  /** Returns a page of event types, by name. */
  async list({ cursor, limit }: PageRequest) {
    this.described ??= Map.groupBy(describeDeclaredContracts(), ({ contract }) => contract.type); // classes never change
    const after = cursor === undefined ? '' : this.cursors.decode(cursor, LIST);
    const left = [...this.described].filter(([type]) => type > after);
    const page = left.slice(0, limit);
    const sinks = (await this.status.sinks()).filter(({ state }) => state !== 'retired');
    const declarations = findAuditDeclarations(this.modules);
    const producersOf = (type: string) =>
      declaredActions()
        .filter(({ eventType }) => eventType === type)
        .map((action) => ({
          action: action.name,
          description: action.description,
          routes: declarations
            .filter(({ actions }) => actions.includes(action))
            .flatMap(({ name, route }) => route?.paths.map((path) => `${route.method} /${API_PREFIX}${path}`) ?? [name])
            .toSorted(),
        }));
    return {
      data: page.map(([type, versions]) => {
        const [{ contract, schema }, ...older] = versions.toReversed() as [Described, ...Described[]];
        return {
          type,
          description: schema.description ?? null,
          aggregate: contract.aggregate,
          source: contract.source,
          audience: this.customerTypes.has(type) ? ('customers' as const) : ('internal' as const),
          publisher: contract.producer ?? null,
          versions: [{ contract, schema, example: versions.at(-1)!.example }, ...older].map((one) => ({
            version: one.contract.version,
            is_current: one.contract === contract,
            schema: one.schema,
            example: one.example,
          })),
          producers: producersOf(type),
          consumers: sinks.filter(({ event_types: types }) => types === null || types.includes(type)).map(({ name }) => name),
        };
      }),
      next_cursor: left.length > page.length ? this.cursors.encode(page.at(-1)![0], LIST) : null,
    };
  }
}
