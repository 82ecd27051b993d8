import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CREATED = /create (?:unique )?index (?:concurrently )?(\w+) on/g;
const DOWN = /^ {2}async down\([^]*?^ {2}\}$/gm;

describe('the migrations of the example', () => {
  it('build each index once, because a second migration with the same index would only build it again', () => {
    const files = readdirSync(__dirname).filter((name) => name.endsWith('.migration.ts'));
    const texts = files.map((name) => readFileSync(join(__dirname, name), 'utf8').replaceAll(DOWN, ''));
    const names = texts.flatMap((text) => [...text.matchAll(CREATED)].map(([, name]) => name));
    expect(names).toContain('organizations_member_provider_id');
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});
