// Reads from the running code what each mutating route, consumer and command records in the audit log.
import type { DynamicModule } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import {
  Audit,
  auditDeclarationsOf,
  declaredActions,
  findAuditDeclarations,
  type AnyAuditAction,
  type AuditedMethod,
} from '@pikaia/audit';
import { describeConsumer } from '@pikaia/events';

/** The running code of a system. */
export interface RunningCode {
  /** The module of the api, and the path of a route from the path that its controller declares. */
  readonly api: DynamicModule;
  readonly routePath: (path: string) => string;
  readonly consumers: readonly Function[];
  /** The module of the worker. */
  readonly worker?: DynamicModule;
  /** The module of each command, by the name of its npm script. */
  readonly commands: Readonly<Record<string, DynamicModule>>;
}

/** A way into the system that can change something. */
export interface EntryPoint {
  readonly kind: 'route' | 'consumer' | 'command' | 'worker' | 'method';
  /** Its name, or the paths of a route with their verbs. */
  readonly names: readonly string[];
  readonly method: string;
  /** The types of the events that a consumer handles. */
  readonly handles: readonly string[];
  readonly actions: readonly AnyAuditAction[];
  /** Why it records nothing. Undefined for a route that does not say so. */
  readonly reason: string | undefined;
}

export interface Coverage {
  readonly entryPoints: readonly EntryPoint[];
  readonly actions: readonly AnyAuditAction[];
}

/** Reads the decorators of all classes. Nest creates no provider in its preview mode, so nothing connects. */
export async function readCoverage({ api, routePath, consumers, worker, commands }: RunningCode): Promise<Coverage> {
  const entryPoints = (await declarationsOf(api)).map((found) => methodOf(found, routePath));
  entryPoints.push(...consumers.map(consumerOf));
  const isOfConsumer = ({ name }: AuditedMethod) => consumers.some((consumer) => name.startsWith(`${consumer.name}.`));
  for (const found of worker ? await declarationsOf(worker) : [])
    if (!isOfConsumer(found)) entryPoints.push({ ...methodOf(found, routePath), kind: 'worker' });
  for (const [script, module] of Object.entries(commands)) {
    const command = { kind: 'command', names: [`npm run ${script}`] } as const;
    entryPoints.push(...(await declarationsOf(module)).map((found) => ({ ...methodOf(found, routePath), ...command })));
  }
  const byName = ({ names: [one] }: EntryPoint, { names: [other] }: EntryPoint): number => (one! < other! ? -1 : 1);
  return { entryPoints: entryPoints.sort(byName), actions: declaredActions() };
}

async function declarationsOf(module: DynamicModule): Promise<AuditedMethod[]> {
  const app = await NestFactory.createApplicationContext(module, { preview: true, logger: false, abortOnError: false });
  return findAuditDeclarations(app.get(ModulesContainer));
}

function methodOf({ name, route, actions, reason }: AuditedMethod, routePath: RunningCode['routePath']): EntryPoint {
  const names = route?.paths.map((path) => `${route.method} ${routePath(path)}`) ?? [name];
  return { kind: route ? 'route' : 'method', names, method: name, handles: [], actions, reason };
}

/** A consumer that injects `Audit` neither itself nor through its providers records nothing, so it needs no declaration. */
function consumerOf(type: Function): EntryPoint {
  const { name, contracts } = describeConsumer(type);
  const methods = auditDeclarationsOf(type);
  const reasons = methods.flatMap(({ reason }) => reason ?? []);
  if (methods.length === 0 && !injectsAudit(type)) reasons.push('it does not use the audit log');
  return {
    kind: 'consumer',
    names: [name],
    method: type.name,
    handles: [...new Set(contracts.map((contract) => contract.type))].sort(),
    actions: methods.flatMap(({ actions }) => actions),
    reason: reasons.length > 0 ? reasons.join('; ') : undefined,
  };
}

/** Whether a class injects `Audit`, or a class that does. It follows the types of constructor parameters. */
function injectsAudit(type: Function, seen = new Set<unknown>()): boolean {
  const injected = (Reflect.getMetadata('design:paramtypes', type) ?? []) as readonly unknown[];
  return injected.some((one) => {
    if (one === Audit) return true;
    if (typeof one !== 'function' || seen.has(one)) return false;
    seen.add(one);
    return injectsAudit(one, seen);
  });
}
