import { globSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { logCallsOf } from './log-calls.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PLANTED = join(root, 'libs/events/src/planted.ts');
const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'];

/**
 * Every event that apps and libraries log, sorted by name.
 *
 * @param planted for tests: the text of a source file to analyse instead of the repository.
 */
export function eventCatalogue(planted) {
  const names = globSync('{apps,libs}/*/src/**/*.ts', { cwd: root }).filter((name) => !name.endsWith('.spec.ts'));
  const files = planted === undefined ? names.map((name) => join(root, name)) : [PLANTED];
  const program = programOf(files, planted);
  const sources = files.map((name) => program.getSourceFile(name));
  const byName = Map.groupBy(logCallsOf(program, sources), ({ event }) => event);
  return [...byName]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([event, calls]) => ({
      event,
      levels: LEVELS.filter((level) => calls.some(({ levels }) => levels.includes(level))),
      loggers: distinct(calls.flatMap(({ loggers }) => loggers)),
      fields: distinct(calls.flatMap(({ fields }) => fields)),
      open: calls.some(({ open }) => open),
      thrown: calls.some(({ thrown }) => thrown),
      files: distinct(calls.map(({ file }) => relative(root, file))),
    }));
}

const distinct = (texts) => [...new Set(texts)].sort();

const parsed = new Map(); // source files, cached for further programs of this process

function programOf(files, planted) {
  const parsing = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const { options } = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.specs.json'), {}, parsing);
  const host = ts.createCompilerHost(options);
  return ts.createProgram(files, options, {
    ...host,
    getSourceFile(name, target, ...rest) {
      if (name === PLANTED) return ts.createSourceFile(name, planted, target);
      if (!parsed.has(name)) parsed.set(name, host.getSourceFile(name, target, ...rest));
      return parsed.get(name);
    },
  });
}

/** The text of docs/log-events.md. */
export function eventsDocument(catalogue) {
  return `# Events of the log

Every line has the name of an event. These are all that apps and libraries write, found in the code by \`npm run docs:log-events\`.
Beside the fields that are named here a line has those of its context, and the lines of group \`request_…\` what the request came
to: [Log fields](log-fields.md). \`error.…\` stands for the fields of an error that was thrown, \`…\` for more that only the running
program knows.

| event | level | logger | fields | written by |
| --- | --- | --- | --- | --- |
${catalogue.map(rowOf).join('\n')}
`;
}

const rowOf = ({ event, levels, loggers, fields, open, thrown, files }) =>
  `| ${[
    `\`${event}\``,
    levels.map((level) => level.toUpperCase()).join(', '),
    loggers.map((name) => `\`${name}\``).join(', ') || 'any',
    [...fields, ...(thrown ? ['error.…'] : []), ...(open ? ['…'] : [])].map((name) => `\`${name}\``).join(', '),
    files.map((file) => `[${dirname(file).split('/')[1]}/${basename(file)}](../${file})`).join(', '),
  ].join(' | ')} |`;
