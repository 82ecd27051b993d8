import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { connect, ROLE_PASSWORDS, type TestDatabase } from '../support/database/database.js';
import { migrateSchema } from '../../apps/api/src/database/schema.js';
import { createApiDatabase } from '../support/system/api-database.js';
import { waitFor } from '../support/time/wait-for.js';
import { codeBlocks, compile, type Compiled } from './code-blocks.js';
import { Example } from './example.js';

const root = resolve(__dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const GUIDE = 'docs/guides/add-to-an-application.md';
const LIBRARIES = ['core', 'logging', 'database', 'events', 'audit'];
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'AGENTS.md',
  'docs/README.md',
  'docs/billing.md',
  'docs/commands-and-settings.md',
  'docs/guarantees.md',
  'docs/http-api.md',
  'docs/identity-provider.md',
  'docs/life-of-a-request.md',
  'docs/members.md',
  'docs/sessions.md',
];
const EXCERPT = '// excerpt of ';
const readme = read('README.md');
const completeBlocks = (text: string): string[] => codeBlocks(text, 'ts').filter((code) => !code.startsWith(EXCERPT));

/** The lines of an excerpt that its source block does not contain in the same order. */
function linesMissingFrom(excerpt: string, sources: readonly string[]): string[] {
  const [name = '', ...lines] = excerpt.trim().split('\n');
  const source = sources.find((code) => code.startsWith(`// ${name.slice(EXCERPT.length)}`)) ?? '';
  const left = source.split('\n').map((line) => line.trim());
  return lines.filter((line) => {
    const at = left.indexOf(line.trim());
    left.splice(0, at + 1);
    return at < 0;
  });
}
const guideText = read(GUIDE);
const guide = codeBlocks(guideText, 'ts');
const shell = codeBlocks(guideText, 'sh').join('');
const statements = codeBlocks(guideText, 'sql').flatMap((text) => text.match(/^select [^;]+/gm) ?? []);
const curlCommands = (text: string): string[] => text.match(/^curl .+$/gm) ?? [];

describe('the guide to adding Pikaia to an application', () => {
  const planted = `// planted.ts\nimport { getLogger } from '@pikaia/logging';\ngetLogger('x').info('A sentence does not compile');\n`;
  let compiled: Compiled;

  beforeAll(() => {
    compiled = compile([...guide, planted]);
  });

  it('shows code that compiles against the libraries', () => {
    expect(guide.length).toBeGreaterThan(8);
    expect(compiled.problems).toEqual([expect.stringMatching(/^planted\.ts: Argument of type/)]);
  });

  it('shows an application with one transaction, one delivery and one correlation id, and it works', async () => {
    const example = await Example.start(compiled, shell);
    try {
      const [create, complete] = curlCommands(shell);
      const created = await example.send(create!);
      const { id } = (await created.json()) as { id: string };
      const completed = await example.send(complete!.replace('<id>', id));
      await example.send(complete!.replace('<id>', id)); // changes nothing, so it leaves no second event and no second entry
      await waitFor('the event is delivered', async () => {
        const [event] = await example.query('select status from events_outboxevent');
        return event?.['status'] === 'published';
      });
      expect([created.status, completed.status]).toEqual([201, 204]);
      const [events, receipts, entries] = await example.queryAll(statements);
      expect(events).toEqual([{ event_type: 'task.completed', organization_id: 'o1', status: 'published' }]);
      expect(receipts).toEqual([{ consumer: 'praise', state: 'done', result: { sent: 'Well done: Tidy up' } }]);
      expect(entries).toEqual([
        {
          action: 'task.created',
          actor_email: 'alice@example.com',
          diff: { old: null, new: expect.objectContaining({ title: 'Tidy up' }) },
        },
        { action: 'task.completed', actor_email: 'alice@example.com', diff: { old: { done: false }, new: { done: true } } },
      ]);
      const correlationId = completed.headers.get('x-correlation-id');
      expect(await example.query('select correlation_id from outbox.consumer_receipt')).toEqual([
        { correlation_id: correlationId },
      ]);
      expect(example.eventsOf('worker.js', correlationId)).toEqual(['message_posted', 'event_delivered']);
      expect(await example.isWorkerReady()).toBe(true);
    } finally {
      await example.stop();
    }
  });
});

describe('README.md', () => {
  it('has at most 200 lines', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(200);
  });

  it('invites the same person as the commands that npm start prints', () => {
    const bodyOf = (text: string) => /-d '(\{"email":.+\})'/.exec(text)?.[1];
    expect(bodyOf(readme)).toContain('frank@example.com');
    expect(bodyOf(read('scripts/start.ts'))).toBe(bodyOf(readme));
    expect(read('scripts/start.ts')).toContain('invites Frank:');
  });

  it('shows only lines that are also in the guide', () => {
    const excerpts = codeBlocks(readme, 'ts').filter((code) => code.startsWith(EXCERPT));
    expect(excerpts.length).toBeGreaterThan(0);
    expect(excerpts.flatMap((excerpt) => linesMissingFrom(excerpt, guide))).toEqual([]);
    expect(linesMissingFrom(`${excerpts[0]!}await this.planted();\n`, guide)).toEqual(['await this.planted();']);
  });

  it('contains code that compiles, and so do the other guides and the READMEs of the libraries', () => {
    const documents = [
      'README.md',
      'docs/guides/contexts.md',
      'docs/guides/test-logs.md',
      'docs/guides/migrations.md',
      'docs/guides/read-after-a-change.md',
      'docs/guides/test-events-and-audit.md',
      'docs/guides/your-own-transaction.md',
      ...LIBRARIES.map((name) => `libs/${name}/README.md`),
    ];
    const codes = documents.map((name) => completeBlocks(read(name)));
    expect(codes.map((found) => found.length > 0)).toEqual(documents.map(() => true));
    expect(compile(codes.flat()).problems).toEqual([]);
  });

  it('names only settings that exist', () => {
    const sources = ['apps', 'libs', 'scripts']
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
      )
      .filter((name) => /\.(ts|mjs)$/.test(name) && !/node_modules|dist\//.test(name))
      .map(read)
      .join('\n');
    const named = [...read('docs/commands-and-settings.md').matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map(([, name = '']) => name);
    expect(named).toContain('TRUSTED_PROXIES');
    for (const name of new Set(named)) expect(sources).toMatch(new RegExp(`\\b${name}\\b`));
  });
});

describe('the documents in docs/', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createApiDatabase();
  });
  afterAll(() => database.drop());

  it('contain only SQL that runs', async () => {
    const client = await connect(database.ownerUrl);
    try {
      const statements = DOCUMENTS.flatMap((name) => codeBlocks(read(name), 'sql')).flatMap((text) => text.split(/;\s*$/m));
      const written = statements.filter((text) => /^\s*[a-z]/m.test(text.replaceAll(/^--.*$/gm, '')));
      expect(written.length).toBeGreaterThanOrEqual(3);
      for (const sql of written) await expect(client.query(sql)).resolves.toBeDefined();
      await expect(client.query('select status from events_outboxevents')).rejects.toThrow('does not exist');
    } finally {
      await client.end();
    }
  });

  it('contain queries that the read-only role of people can run, and it can change nothing', async () => {
    await migrateSchema(database.ownerUrl, { ...ROLE_PASSWORDS, reader: 'reader-password' });
    const url = Object.assign(new URL(database.ownerUrl), { username: 'pikaia_reader', password: 'reader-password' }).href;
    const client = await connect(url);
    try {
      const statements = codeBlocks(readme, 'sql').flatMap((text) => text.split(/;\s*$/m).filter((sql) => sql.trim()));
      expect(statements.length).toBeGreaterThanOrEqual(3);
      for (const sql of statements) await expect(client.query(sql)).resolves.toBeDefined();
      await client.query('set default_transaction_read_only = off'); // the rights count, not the setting
      for (const sql of [
        'delete from audit.record',
        "update outbox.outbox_log set payload = '{}'",
        'select * from organizations_user',
      ])
        await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });

  it('name only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = DOCUMENTS.flatMap((name) =>
      [...read(name).matchAll(/npm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g)].map(
        ([, script, shorthand]) => script ?? shorthand!,
      ),
    );
    const own = [...new Set(named)];
    expect(own).toEqual(expect.arrayContaining(['start', 'test', 'explain', 'token', 'db:url']));
    expect(own.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});
