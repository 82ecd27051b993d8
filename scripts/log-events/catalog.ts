import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LogField } from '@pikaia/logging';
import ts from 'typescript';
import { root } from '../start/folders.ts';

const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'];

interface Fields {
  readonly fields: readonly string[];
  /** The line can have more fields, known only at run time. */
  readonly open: boolean;
}

/** A place in the code that writes a log line. */
interface LogLine extends Fields {
  readonly event: string;
  readonly levels: readonly string[];
  /** Empty: any logger. */
  readonly loggers: readonly string[];
  /** The line has the fields of an error. */
  readonly thrown: boolean;
  readonly file: string;
}

/** An event with everything that any of its lines can have. */
interface LoggedEvent extends Omit<LogLine, 'file'> {
  readonly files: readonly string[];
}

/** Every event that apps and libraries log, sorted by name. */
export function eventCatalog(): LoggedEvent[] {
  const files = globSync('{apps,libs}/*/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.spec.ts'));
  const lines = files.flatMap((file) => logLinesOf(file, readFileSync(join(root, file), 'utf8')));
  return [...Map.groupBy(lines, ({ event }) => event)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([event, group]) => ({
      event,
      levels: LEVELS.filter((level) => group.some(({ levels }) => levels.includes(level))),
      loggers: distinct(group.flatMap(({ loggers }) => loggers)),
      fields: distinct(group.flatMap(({ fields }) => fields)),
      open: group.some(({ open }) => open),
      thrown: group.some(({ thrown }) => thrown),
      files: distinct(group.map(({ file }) => file)),
    }));
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

/**
 * Finds everything in a source file that writes a log line: calls such as `logger.info('event_name', fields)` and, in the
 * logging library, objects with the parts of a line.
 *
 * @throws Error with the place of an event name that is not a literal.
 */
export function logLinesOf(file: string, text: string): LogLine[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const nodes = descendantsOf(source);
  const loggers = [...text.matchAll(/\bgetLogger\('(\w+)'\)/g)].map(([, name]) => name!);
  return nodes.flatMap((node): LogLine[] => {
    if (ts.isCallExpression(node)) return loggedBy(node);
    return ts.isObjectLiteralExpression(node) ? recordOf(node) : [];
  });

  function loggedBy({ expression, arguments: [event, ...rest] }: ts.CallExpression): LogLine[] {
    if (!event || !ts.isPropertyAccessExpression(expression)) return [];
    const method = expression.name.text;
    const thrown = method === 'exception';
    if (!thrown && !LEVELS.includes(method)) return [];
    const levels = [thrown ? 'error' : method];
    return [{ event: eventOf(event), levels, loggers, thrown, file, ...fieldsOf(rest[thrown ? 1 : 0]) }];
  }

  function recordOf({ properties }: ts.ObjectLiteralExpression): LogLine[] {
    const part = (name: string): ts.Expression | undefined => {
      const property = properties.find((each) => each.name?.getText() === name);
      return property && (ts.isPropertyAssignment(property) ? property.initializer : (property.name as ts.Identifier));
    };
    const [event, level, logger] = [part('event'), part('level'), part('logger')];
    if (!event || !level || !logger || level.getText() === "'level'") return []; // 'level': the names of the fields themselves
    if ([event, level, logger].every(ts.isIdentifier)) return []; // passes on what a call or another object says
    const { fields, open } = fieldsOf(part('fields'));
    return [
      {
        event: eventOf(event),
        levels: ts.isStringLiteral(level) ? [level.text] : LEVELS,
        loggers: ts.isStringLiteral(logger) ? [logger.text] : [],
        fields: part('message') ? [...fields, 'message'] : fields,
        open,
        thrown: properties.some((property) => /\bthrown\b/.test(property.getText())),
        file,
      },
    ];
  }

  function eventOf(node: ts.Expression): string {
    if (ts.isStringLiteral(node)) return node.text;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    throw new Error(`${file}:${line + 1}: the name of the event is not a literal`);
  }

  function fieldsOf(node: ts.Node | undefined): Fields {
    if (!node) return { fields: [], open: false };
    if (ts.isObjectLiteralExpression(node)) return joined(node.properties.map(fieldOf));
    if (ts.isParenthesizedExpression(node)) return fieldsOf(node.expression);
    if (ts.isConditionalExpression(node)) return joined([node.whenTrue, node.whenFalse].map(fieldsOf));
    if (ts.isBinaryExpression(node)) {
      const isCondition = node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken; // condition && { … }
      return isCondition ? fieldsOf(node.right) : joined([node.left, node.right].map(fieldsOf));
    }
    const declared =
      ts.isIdentifier(node) && nodes.filter(ts.isVariableDeclaration).find(({ name }) => name.getText() === node.text);
    return declared && declared.initializer ? fieldsOf(declared.initializer) : { fields: [], open: true };
  }

  function fieldOf(property: ts.ObjectLiteralElementLike): Fields {
    if (ts.isSpreadAssignment(property)) return fieldsOf(property.expression);
    if (!ts.isComputedPropertyName(property.name)) return { fields: [property.name.text], open: false };
    const constant = property.name.expression.getText().replace('LogField.', '');
    return Object.hasOwn(LogField, constant)
      ? { fields: [LogField[constant as keyof typeof LogField]], open: false }
      : { fields: [], open: true };
  }
}

const joined = (all: readonly Fields[]): Fields => ({
  fields: all.flatMap(({ fields }) => fields),
  open: all.some(({ open }) => open),
});

function descendantsOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  return [node, ...children.flatMap(descendantsOf)];
}

/** The text of docs/log-events.md. */
export function eventsDocument(catalog: readonly LoggedEvent[]): string {
  return `# Log lines

This page lists the log lines of apps and libraries by the name in their field \`event\`. That name is not the type of a domain event.
\`npm run docs:log-events\` generates the page from the code. A line also has the fields of its context, and a line \`request_…\`
describes its request: [Log fields](log-fields.md). \`error.…\` stands for the fields of a thrown error, \`…\` for fields that are
known only at run time.

| event | level | logger | fields | written by |
| --- | --- | --- | --- | --- |
${catalog.map(rowOf).join('\n')}
`;
}

const rowOf = ({ event, levels, loggers, fields, open, thrown, files }: LoggedEvent): string =>
  `| ${[
    `\`${event}\``,
    levels.map((level) => level.toUpperCase()).join(', '),
    loggers.map((name) => `\`${name}\``).join(', ') || 'any',
    [...fields, ...(thrown ? ['error.…'] : []), ...(open ? ['…'] : [])].map((name) => `\`${name}\``).join(', '),
    files.map((file) => `[${dirname(file).split('/')[1]}/${basename(file)}](../${file})`).join(', '),
  ].join(' | ')} |`;
