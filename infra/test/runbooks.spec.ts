import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SETTINGS } from '../src/settings/settings.ts';
import { allResources, defaults } from './support/synthesis.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const SECTIONS = ['What it means', 'Where to look', 'What to do'];
// Words of AWS and PostgreSQL that look like names of ours.
const FOREIGN = ['pg_terminate_backend', 'correlation_id', 'pg_drop_replication_slot'];

const read = (name: string): string => readFileSync(join(DOCS, name), 'utf8');
const names = (type: string): string[] =>
  allResources(defaults(), type).map(({ Properties }) => String(Properties['AlarmName'] ?? Properties['Name']));
const alarms = (): string[] => [...names('AWS::CloudWatch::Alarm'), ...names('AWS::CloudWatch::CompositeAlarm')].sort();
const pages = (): string[] =>
  readdirSync(join(DOCS, 'runbooks'))
    .filter((name) => name !== 'README.md')
    .map((name) => name.replace(/\.md$/, ''))
    .sort();

const known = {
  queries: () => new Set(names('AWS::Logs::QueryDefinition')),
  // Log events, and settings of this deployment.
  words: () =>
    new Set([
      ...[...read('log-events.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, event]) => event!),
      ...Object.values(SETTINGS).flatMap((group) => Object.values(group).map(({ key }) => key)),
      ...FOREIGN,
    ]),
};

/** What a page names in backticks that is not there. */
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
  it('are one for each alarm, and none for what is no alarm', () => {
    assert.deepEqual(pages(), alarms());
  });

  it('are all in the list', () => {
    const listed = [...read('runbooks/README.md').matchAll(/^- \[(.+)\]\((.+)\.md\)$/gm)].map(([, title, page]) => [title, page]);
    assert.deepEqual(listed.map(([title]) => title).sort(), alarms());
    for (const [title, page] of listed) assert.equal(page, title);
  });

  for (const name of pages()) {
    it(`of ${name} say what it means, where to look and what to do, by names that exist`, () => {
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

  it('are found out when they name what is not there', () => {
    assert.deepEqual(
      unknownIn('`pikaia/errors/nothing` `pikaia/errors/latest` `request_vanished` `request_failed` `api_tasks`'),
      ['pikaia/errors/nothing', 'request_vanished'],
    );
  });
});
