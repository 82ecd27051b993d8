import ts from 'typescript';

const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'];
const METHODS = new Map([...LEVELS.map((level) => [level, level]), ['exception', 'error']]);
const RECORD_FUNCTIONS = new Set(['writeLine', 'lineText', 'recordText']); // called by the logger's methods with the parts of a line
const FORWARDING_FILES = /libs\/logging\/src\/(logger|output\/log-output)\.ts$/; // files that only forward lines of others
const MAX_CALLER_DEPTH = 3;

/**
 * Finds every call that writes a log line in the given sources: calls of the logger's methods and, in the logging library,
 * of the functions below them. For a part of the line that is a parameter, it analyses the callers.
 *
 * @throws Error that lists each call whose event name cannot be determined.
 */
export function logCallsOf(program, sources) {
  const checker = program.getTypeChecker();
  const calls = sources.flatMap((source) => descendants(source).filter(ts.isCallExpression));
  const found = [];
  const problems = [];
  for (const call of calls) {
    const written = writtenBy(call, checker);
    if (!written) continue;
    for (const parts of variants(written, calls, checker)) {
      const events = textsOf(parts.event, checker);
      if (!events) problems.push(`${placeOf(call)}: the name of the event is not known`);
      for (const event of events ?? []) {
        const levels = textsOf(parts.level, checker) ?? LEVELS;
        const loggers = textsOf(parts.logger, checker) ?? [];
        found.push({
          event,
          levels,
          loggers,
          ...joined([fieldsOf(parts.fields, checker), { fields: parts.message ? ['message'] : [], open: false }]),
          thrown: Boolean(parts.thrown),
          file: fileOf(call),
        });
      }
    }
  }
  if (problems.length) throw new Error(problems.join('\n'));
  return found;
}

/** The parts of the line that a call writes, as strings or expressions. Undefined if the call writes no line. */
function writtenBy({ expression, arguments: given }, checker) {
  if (ts.isPropertyAccessExpression(expression)) {
    const level = METHODS.get(expression.name.text);
    if (!level || !isLogger(checker.getTypeAtLocation(expression.expression))) return undefined;
    const thrown = expression.name.text === 'exception';
    return {
      event: given[0],
      level,
      logger: loggerNameOf(expression.expression, checker),
      fields: given[thrown ? 2 : 1],
      thrown,
    };
  }
  if (!ts.isIdentifier(expression) || !RECORD_FUNCTIONS.has(expression.text)) return undefined;
  const parts = given[0] && ts.isObjectLiteralExpression(given[0]) ? given[0].properties : [];
  const part = (name) => {
    const property = parts.find((each) => each.name?.getText() === name);
    return property && ts.isPropertyAssignment(property) ? property.initializer : property?.name;
  };
  if (FORWARDING_FILES.test(fileOf(expression)) && (!part('logger') || fileOf(expression).endsWith('/logger.ts')))
    return undefined;
  const spread = parts.find((each) => ts.isSpreadAssignment(each) && /\bthrown\b/.test(each.getText())); // …(thrown && { thrown })
  const thrown = part('thrown') ?? (spread && descendants(spread).find(ts.isIdentifier));
  return {
    event: part('event') ?? expression,
    level: part('level'),
    logger: part('logger'),
    fields: part('fields'),
    message: part('message'),
    thrown,
  };
}

/** One variant of the line for each caller that passes its parts, or for each tuple that they are destructured from. */
function variants(parts, calls, checker, depth = 0) {
  const callee = Object.values(parts)
    .map((part) => parameterOf(part, checker)?.parent)
    .find(Boolean);
  if (callee && depth < MAX_CALLER_DEPTH) {
    const callers = calls.filter((call) => checker.getResolvedSignature(call)?.declaration === callee);
    return callers.flatMap((call) => variants(withArguments(parts, callee, call, checker), calls, checker, depth + 1));
  }
  const pattern = patternOf(parts.event, checker);
  const tuples = pattern && checker.getTypeAtLocation(pattern.parent.initializer);
  if (!tuples?.isUnion()) return [parts];
  return tuples.types.map((tuple) => mapped(parts, (part) => elementOf(part, pattern, tuple, checker)));
}

const mapped = (parts, change) => Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, change(part)]));

const withArguments = (parts, callee, call, checker) =>
  mapped(parts, (part) => {
    const parameter = parameterOf(part, checker);
    return parameter?.parent === callee ? call.arguments[callee.parameters.indexOf(parameter)] : part;
  });

function elementOf(part, pattern, tuple, checker) {
  if (patternOf(part, checker) !== pattern) return part;
  const index = pattern.elements.indexOf(declarationOf(part, checker));
  return checker.getTypeArguments(tuple)[index]?.value ?? part;
}

const parameterOf = (part, checker) => {
  const declaration = declarationOf(part, checker);
  return declaration && ts.isParameter(declaration) ? declaration : undefined;
};

/** The array pattern `[a, b]` that declares the variable of an expression. */
const patternOf = (part, checker) => {
  const pattern = declarationOf(part, checker)?.parent;
  return pattern && ts.isArrayBindingPattern(pattern) && pattern.parent.initializer ? pattern : undefined;
};

function declarationOf(part, checker) {
  if (typeof part !== 'object' || !ts.isIdentifier(part)) return undefined;
  const symbol = ts.isShorthandPropertyAssignment(part.parent)
    ? checker.getShorthandAssignmentValueSymbol(part.parent)
    : checker.getSymbolAtLocation(part);
  return symbol?.valueDeclaration;
}

/** The string values that an expression can have, by its type; undefined if the type does not say. */
function textsOf(part, checker) {
  if (typeof part === 'string') return [part];
  if (!part) return undefined;
  const declared = declarationOf(part, checker);
  const type = declared
    ? checker.getTypeOfSymbolAtLocation(checker.getSymbolAtLocation(declared.name), part)
    : checker.getTypeAtLocation(part);
  const types = type.isUnion() ? type.types : [type];
  return types.every((each) => each.isStringLiteral()) ? types.map(({ value }) => value) : undefined;
}

/** The field names of a call; `open` if it can have more fields, known only at run time. */
function fieldsOf(part, checker) {
  if (!part) return { fields: [], open: false };
  if (ts.isParenthesizedExpression(part)) return fieldsOf(part.expression, checker);
  if (ts.isConditionalExpression(part)) return joined([part.whenTrue, part.whenFalse].map((each) => fieldsOf(each, checker)));
  if (ts.isBinaryExpression(part)) return fieldsOf(part.right, checker); // condition && { … }
  if (!ts.isObjectLiteralExpression(part)) return fieldsOfType(checker.getTypeAtLocation(part), checker);
  return joined(
    part.properties.map((property) => {
      if (ts.isSpreadAssignment(property)) return fieldsOf(property.expression, checker);
      if (!ts.isComputedPropertyName(property.name)) return { fields: [property.name.text], open: false };
      const names = textsOf(property.name.expression, checker);
      return { fields: names ?? [], open: !names };
    }),
  );
}

function fieldsOfType(type, checker) {
  if (type.isUnion()) return joined(type.types.map((each) => fieldsOfType(each, checker)));
  const open = checker.getIndexInfosOfType(type).length > 0;
  return { fields: checker.getPropertiesOfType(type).map(({ name }) => name), open };
}

const joined = (all) => ({ fields: [...new Set(all.flatMap(({ fields }) => fields))], open: all.some(({ open }) => open) });

const isLogger = (type) =>
  type.symbol?.name === 'Logger' && /libs\/logging\/(src|dist)\/logger\.(d\.)?ts$/.test(fileOf(type.symbol.declarations[0]));

/** The argument of the `getLogger` call that created a logger, also for a child logger. */
function loggerNameOf(expression, checker) {
  const made = ts.isIdentifier(expression) ? declarationOf(expression, checker)?.initializer : expression;
  if (!made || !ts.isCallExpression(made)) return undefined;
  if (ts.isPropertyAccessExpression(made.expression)) return loggerNameOf(made.expression.expression, checker); // .child({ … })
  return made.arguments[0];
}

function descendants(node) {
  const all = [];
  const visit = (at) => {
    all.push(at);
    ts.forEachChild(at, visit);
  };
  visit(node);
  return all;
}

const fileOf = (node) => node.getSourceFile().fileName;

function placeOf(node) {
  const { line } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart());
  return `${fileOf(node)}:${line + 1}`;
}
