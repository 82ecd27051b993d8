import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SETTINGS } from '../src/settings/settings.ts';
import { runbookOf } from './support/alarms.ts';
import { allResources, defaults } from './support/synthesis.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const SECTIONS = ['What it means', 'Where to look', 'What to do'];
// Names of AWS and PostgreSQL that look like names of Pikaia.
const FOREIGN = ['pg_terminate_backend', 'correlation_id', 'pg_drop_replication_slot'];

const read = (name: string): string => readFileSync(join(DOCS, name), 'utf8');
const names = (type: string): string[] =>
  allResources(defaults(), type).map(({ Properties }) => String(Properties['AlarmName'] ?? Properties['Name']));
const alarms = (): string[] => {
  const all = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) => allResources(defaults(), type));
  const linked = all.map(({ Properties }) => runbookOf({ AlarmDescription: String(Properties['AlarmDescription']) })!);
  return [...new Set(linked)].sort();
};
const pages = (): string[] =>
  readdirSync(join(DOCS, 'runbooks'))
    .filter((name) => name !== 'README.md')
    .map((name) => name.replace(/\.md$/, ''))
    .sort();

const known = {
  queries: () => new Set(names('AWS::Logs::QueryDefinition')),
  // Log events and deployment settings.
  words: () =>
    new Set([
      ...[...read('log-events.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, event]) => event!),
      ...Object.values(SETTINGS).flatMap((group) => Object.values(group).map(({ key }) => key)),
      ...FOREIGN,
    ]),
};

/** The names in backticks on a page that do not exist. */
function unknownIn(text: string): string[] {
  const codes = [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
  const [queries, words] = [known.queries(), known.words()];
  return codes.filter((code) =>
    code.startsWith('pikaia/')
      ? !queries.has(code)
      : /^[a-z]+(_[a-z]+)+$/.test(code) && !code.startsWith('pikaia_') && !words.has(code),
  );
}

describe('the runbooks', () => {
  it('exist for exactly the existing alarms', () => {
    assert.deepEqual(pages(), alarms());
  });

  it('are all listed in the index', () => {
    const listed = [...read('runbooks/README.md').matchAll(/^- \[(.+)\]\((.+)\.md\)$/gm)].map(([, title, page]) => [title, page]);
    assert.deepEqual(listed.map(([title]) => title).sort(), alarms());
    for (const [title, page] of listed) assert.equal(page, title);
  });

  for (const name of pages()) {
    it(`explain for ${name} what it means, where to look and what to do, and use only existing names`, () => {
      const text = read(`runbooks/${name}.md`);
      assert.equal(text.split('\n', 1)[0], `# ${name}`);
      const sections = text.split(/^## /m).slice(1);
      assert.deepEqual(
        sections.map((section) => section.split('\n', 1)[0]),
        SECTIONS,
      );
      for (const section of sections) assert.ok(section.length > 80, section);
      assert.deepEqual(unknownIn(text), []);
    });
  }

  it('are reported if they use a name that does not exist (planted)', () => {
    assert.deepEqual(
      unknownIn('`pikaia/errors/nothing` `pikaia/errors/latest` `request_vanished` `request_failed` `api_tasks`'),
      ['pikaia/errors/nothing', 'request_vanished'],
    );
  });
});
