import { allResources, type Synthesis } from './synthesis.ts';

export interface Permission {
  readonly role: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: string;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const list = <Item>(value: Item | readonly Item[]): readonly Item[] => (Array.isArray(value) ? value : [value as Item]);
const withoutHash = (id: string): string => id.replace(/[\dA-F]{8}$/, '');

/** A readable form of a template value: `<Name>` stands for an attribute of another resource. */
export function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join, 'Fn::ImportValue': imported } = value as Record<string, unknown>;
  if (typeof Ref === 'string') return `<${withoutHash(Ref.replace('AWS::', '').replace(/[A-Z\d]{8}$/, ''))}>`;
  if (attribute) return `<${withoutHash((attribute as string[])[0]!)}>`;
  if (join) return (join as [string, unknown[]])[1].map(plain).join((join as [string])[0]);
  if (imported)
    return `<${plain(imported).replace(/^(\w+):ExportsOutput(?:Ref|FnGetAtt)(\w+?)[\dA-F]{8}(?:\w*?)[\dA-F]{8}$/, '$1 $2')}>`;
  return JSON.stringify(value, (_key, inner: unknown) => inner).replace(/[{}"]/g, '');
}

/** The permissions of each role, from its inline and its attached policies. */
export function permissionsOf(synthesis: Synthesis): Permission[] {
  const ofRole = allResources(synthesis, 'AWS::IAM::Role').flatMap(({ id, Properties }) =>
    ((Properties['Policies'] ?? []) as { PolicyDocument: { Statement: Statement[] } }[]).flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.map((statement) => permission(id, statement)),
    ),
  );
  const attached = allResources(synthesis, 'AWS::IAM::Policy').flatMap(({ Properties }) => {
    const [role] = Properties['Roles'] as { Ref: string }[];
    const { Statement } = Properties['PolicyDocument'] as { Statement: Statement[] };
    return Statement.map((statement) => permission(role!.Ref, statement));
  });
  return [...ofRole, ...attached].sort((one, other) => one.role.localeCompare(other.role));
}

const permission = (role: string, { Effect, Action, Resource, Condition }: Statement): Permission => ({
  role: withoutHash(role),
  effect: Effect,
  actions: [...list(Action)].sort(),
  resources: list(Resource).map(plain).sort(),
  condition: Condition === undefined ? '' : conditionText(Condition as Record<string, Record<string, unknown>>),
});

const conditionText = (condition: Record<string, Record<string, unknown>>): string =>
  Object.entries(condition)
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, value]) => `${key} ${operator} ${list(value).map(plain).join(', ')}`),
    )
    .join('; ');

/** The permissions as a Markdown document. */
export function permissionsText(permissions: readonly Permission[]): string {
  const roles = [...new Set(permissions.map(({ role }) => role))];
  const rows = (role: string): string =>
    permissions
      .filter((one) => one.role === role)
      .map(({ effect, actions, resources, condition }) => {
        const what = `${effect === 'Deny' ? '**denied** ' : ''}${actions.map((action) => `\`${action}\``).join(', ')}`;
        return `- ${what} on ${resources.map((resource) => `\`${resource}\``).join(', ')}${condition && ` if \`${condition}\``}`;
      })
      .join('\n');
  return `# Who may do what in AWS

Every statement of every role that is deployed, made from the templates by \`npm run infra:permissions\`; a test compares it, so that
a right that somebody adds is seen in a review. \`<Name>\` stands for what only the deployment knows.

${roles.map((role) => `## ${role}\n\n${rows(role)}\n`).join('\n')}`;
}
