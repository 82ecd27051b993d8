import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const LIBRARIES = ['core', 'logging', 'database', 'events', 'audit'];
const OPTIONS =
  /^export interface (?:\w+ModuleOptions|LoggingOptions|RoleOptions|ExistingDataSourceOptions|SettingOptions|QueueConsumerOptions)\b/;

const guideOf = (library: string): string => readFileSync(join(root, 'libs', library, 'README.md'), 'utf8');

const sourcesOf = (library: string): string[] =>
  globSync(`libs/${library}/src/**/*.ts`, { cwd: root, exclude: (path) => path.endsWith('.spec.ts') }).map((file) =>
    readFileSync(join(root, file), 'utf8'),
  );

/** The names of the options of a library's modules and decorators. */
const optionsOf = (library: string): string[] =>
  sourcesOf(library).flatMap((source) => {
    const declarations = source.split(/^(?=export interface )/m).filter((part) => OPTIONS.test(part));
    return declarations.flatMap((part) =>
      [...part.slice(0, part.indexOf('\n}')).matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name!),
    );
  });

const codesOf = (library: string): string[] =>
  sourcesOf(library).flatMap((source) => [...source.matchAll(/PikaiaError\(\s*'(PIKAIA_[A-Z_]+)'/g)].map(([, code]) => code!));

function problemsOf(library: string, guide: string): string[] {
  const sections = [...guide.matchAll(/^## (.+)$/gm)].map(([, title]) => title!);
  const errors = guide.slice(guide.indexOf('\n## Errors'));
  const listed = [...errors.matchAll(/`(PIKAIA_[A-Z_]+)(\*?)`/g)];
  const isListed = (code: string) => listed.some(([, name, star]) => (star ? code.startsWith(name!) : code === name));
  return [
    ...(guide.includes(`\nnpm install @pikaia/${library}`) ? [] : ['no line to install it']),
    ...['Example', 'Options of ', 'Testing', 'Errors']
      .filter((title) => !sections.some((section) => section.startsWith(title)))
      .map((title) => `no section ${title.trim()}`),
    ...optionsOf(library)
      .filter((name) => !guide.includes(`\`${name}\``))
      .map((name) => `the option ${name} is not explained`),
    ...codesOf(library)
      .filter((code) => !isListed(code))
      .map((code) => `${code} is not listed`),
  ];
}

it.each(LIBRARIES)(
  'the guide of %s has an install line, an example, tests, and all options and errors of the library',
  (library) => {
    expect(optionsOf(library).length).toBeGreaterThan(2);
    expect(problemsOf(library, guideOf(library))).toEqual([]);
  },
);

it.each([
  ['an install line', /\nnpm install .*/, 'no line to install it'],
  ['a section', /\n## Testing/, 'no section Testing'],
  ['an option', /`queueConsumers`/g, 'the option queueConsumers is not explained'],
  ['an error', /`PIKAIA_EVENT_\*`/, 'PIKAIA_EVENT_OUTSIDE_TRANSACTION is not listed'],
])('the check reports a guide that lacks %s', (_, removed, problem) => {
  expect(problemsOf('events', guideOf('events').replace(removed, ''))).toContain(problem);
});
