import type { AnyAuditAction } from '@pikaia/audit';
import type { Coverage, EntryPoint } from './coverage.ts';

const HEAD = `# Audit actions

Generated from the code by \`npm run audit:coverage -- --write\`; do not edit. A test compares it.

Each action is [declared once](../CONTRIBUTING.md#add-an-audit-action). An action with an event is committed only together with that event
about the same aggregate id.
`;

const SECTIONS: readonly [EntryPoint['kind'], string][] = [
  [
    'route',
    `## Routes

Every route that is not a read, including incoming webhooks. A successful request records at least one of the actions, unless it finds
nothing to change.`,
  ],
  ['consumer', '## Consumers'],
  ['worker', '## The worker\n\nWhat it does without a request or an event.'],
  ['command', '## Commands\n\nThe commands of `npm run outbox` send requests to the routes above.'],
  ['method', '## Other methods'],
];

/** Describes the actions, and what each mutating route, consumer and command records, in Markdown. */
export function coverageDocument({ actions, entryPoints }: Coverage): string {
  const catalog = table(
    ['action', 'recorded when', 'by', 'aggregate', 'changes', 'event'],
    actions.map((action) => actionRow(action, entryPoints)),
  );
  const sections = SECTIONS.flatMap(([kind, head]) => {
    const rows = entryPoints.filter((entryPoint) => entryPoint.kind === kind).map(entryPointRow);
    return rows.length
      ? `\n${head}\n\n${table([kind, 'in', ...(kind === 'consumer' ? ['handles'] : []), 'actions', 'events'], rows)}`
      : [];
  });
  return [HEAD, catalog, ...sections].join('\n');
}

/** The entry points as plain text, one in each line. */
export const coverageText = ({ entryPoints }: Coverage): string =>
  entryPoints
    .map(({ kind, names, actions, reason }) => {
      const recorded = actions.map(({ name, eventType }) => (eventType === undefined ? name : `${name} (event ${eventType})`));
      return `${kind} ${names.join(', ')}: ${recorded.join(', ') || nothing(reason)}`;
    })
    .join('\n');

function actionRow(action: AnyAuditAction, entryPoints: readonly EntryPoint[]): string[] {
  const by = entryPoints.filter(({ actions }) => actions.includes(action));
  const names = by.flatMap((entryPoint) =>
    entryPoint.names.map((name) => (['consumer', 'worker'].includes(entryPoint.kind) ? `${entryPoint.kind} ${name}` : name)),
  );
  const { name, description, aggregateType, changes, eventType } = action;
  return [code(name), description, names.map(code).join('<br>'), code(aggregateType), changes, eventType ? code(eventType) : ''];
}

function entryPointRow({ kind, names, method, handles, actions, reason }: EntryPoint): string[] {
  const events = new Set(actions.flatMap(({ eventType }) => eventType ?? []));
  const recorded = actions.map(({ name }) => code(name)).join(', ') || nothing(reason);
  const handled = kind === 'consumer' ? [handles.map(code).join(', ')] : [];
  return [names.map(code).join('<br>'), code(method), ...handled, recorded, [...events].map(code).join(', ')];
}

const nothing = (reason: string | undefined): string => (reason === undefined ? 'not declared' : `nothing: ${reason}`);

const code = (text: string): string => `\`${text}\``;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |\n`).join('');

const cell = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
