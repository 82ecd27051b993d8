// Who may import whom: core ← logging ← database ← { events ← contracts, audit } ← { notifications, webhooks } ← reactions ← apps.
// test/architecture/boundaries.spec.ts plants a violation of each rule and sees it caught.
const MAY_IMPORT = {
  core: [],
  logging: ['core'],
  database: ['core', 'logging'],
  events: ['core', 'logging', 'database'],
  audit: ['core', 'logging', 'database'],
  contracts: ['core', 'events'],
  notifications: ['core', 'logging', 'database', 'events', 'contracts'],
  webhooks: ['core', 'logging', 'database', 'events', 'audit', 'contracts'],
  reactions: ['core', 'logging', 'database', 'events', 'contracts', 'notifications', 'webhooks'],
};

// What each folder of a library may import from the library's other folders. Files beside the folders (metrics.ts) are free to
// all; index.ts imports everything; a spec may use the whole library. A folder that is missing here fails the test.
const FOLDERS = {
  core: {
    clock: [],
    errors: [],
    redaction: [],
    testing: [],
    context: ['errors'],
    paging: ['errors'],
    settings: ['errors', 'redaction'],
  },
  logging: {
    record: [],
    output: ['record'],
    queries: ['record'],
    metric: ['output', 'record'],
    http: ['output', 'record'],
    process: ['metric', 'output', 'record'],
    nest: ['http', 'output', 'process', 'record'],
    testing: ['output', 'record'],
  },
  database: {
    cursor: [],
    client: [],
    errors: [],
    transaction: [],
    query: ['client'],
    roles: ['client'],
    'data-source': ['client', 'query', 'roles'],
    migration: ['client', 'roles'],
    doctor: ['client', 'errors', 'roles', 'migration'],
    testing: ['transaction'],
  },
  audit: {
    entry: [],
    migrations: [],
    diff: ['entry'],
    action: ['entry', 'diff'],
    completeness: ['entry', 'action'],
    record: ['entry', 'diff', 'action', 'completeness'],
    query: ['entry'],
    doctor: ['migrations', 'record'],
    testing: ['entry', 'diff', 'action', 'record'],
  },
  contracts: { members: [], organizations: [], subscriptions: [], users: [], 'webhook-endpoints': [] },
  notifications: { mail: [], 'welcome-email': ['mail'] },
  webhooks: { endpoint: [], http: [], 'fan-out': ['endpoint'], sending: ['endpoint', 'fan-out', 'http'] },
  reactions: { 'billing-dashboard': [], 'permissions-cache': [] },
  events: {
    contract: [],
    migrations: [],
    loop: [],
    log: ['contract'],
    consume: ['contract', 'log', 'loop'],
    wait: ['consume', 'loop'],
    record: ['contract', 'log', 'consume', 'wait'],
    delivery: ['contract', 'log', 'loop'],
    sinks: ['contract', 'log', 'consume', 'delivery'],
    commands: ['contract', 'log', 'delivery'],
    leader: ['contract', 'log', 'loop', 'delivery', 'commands'],
    housekeeping: ['log', 'delivery'],
    restore: ['log'],
    admin: ['contract', 'log', 'commands', 'housekeeping'],
    queue: ['contract', 'loop', 'consume', 'delivery'],
    testing: ['contract', 'record', 'consume', 'delivery', 'worker'],
    schema: ['contract', 'record', 'consume'],
    worker: ['contract', 'log', 'loop', 'record', 'consume', 'delivery', 'sinks', 'commands', 'leader', 'housekeeping', 'admin'],
    doctor: ['migrations', 'log', 'record', 'consume', 'delivery', 'admin', 'sinks', 'worker'],
  },
};

const folders = Object.entries(FOLDERS).flatMap(([library, rules]) =>
  Object.entries(rules).map(([folder, allowed]) => ({
    name: `${library}-${folder}-folder`,
    severity: 'error',
    from: { path: `^libs/${library}/src/${folder}/`, pathNot: '\\.spec\\.ts$' },
    to: { path: `^libs/${library}/src/(?!(${[folder, ...allowed].join('|')})/)[^/]+/` },
  })),
);

const layers = Object.entries(MAY_IMPORT).map(([library, allowed]) => ({
  name: `${library}-imports-only-what-is-below`,
  severity: 'error',
  from: { path: `^libs/${library}/` },
  to: { path: `^libs/(?!(${[library, ...allowed].join('|')})/)` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layers,
    ...folders,
    {
      name: 'library-never-reaches-app',
      comment: 'Nor do its specs and what they import from test/support, whose folder `system` is for tests of the apps.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|test/support/system)/', reachable: true },
    },
    {
      name: 'app-never-imports-app',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'console-imports-no-library',
      comment: 'It runs in a browser and knows the system only by its public api.',
      severity: 'error',
      from: { path: '^apps/console/src/' },
      to: { path: '^libs/' },
    },
    {
      name: 'no-deep-imports',
      comment: 'A library is entered by its index, its testing entry, its queries, its metrics or its doctor.',
      severity: 'error',
      from: { path: '^(apps|libs)/([^/]+)/' },
      to: {
        path: '^libs/[^/]+/(src|dist)/',
        pathNot: ['^libs/[^/]+/(src|dist)/(((testing|queries|doctor)/)?index|metrics)\\.(ts|js|d\\.ts)$', '^$1/$2/'],
      },
    },
    {
      name: 'only-its-sink-knows-aws',
      comment: 'And the mailer that is SES, and a Lambda’s secrets and queue.',
      severity: 'error',
      from: {
        path: '^(apps|libs)/',
        pathNot: [
          '^libs/events/src/sinks/eventbridge/',
          '^libs/notifications/src/mail/ses\\.mailer\\.ts$',
          '^apps/consumers/src/(secrets|visibility-timeout)\\.ts$',
        ],
      },
      to: { path: '(^|/)@aws-sdk/' },
    },
    { name: 'no-circles', comment: 'Type-only imports count too.', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      comment: 'What is not resolved is not checked. The packages of infra are installed apart.',
      severity: 'error',
      from: { pathNot: '^infra/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules|(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['pikaia-source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
