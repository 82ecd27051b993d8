const MAX_SHAPE_LENGTH = 1_000; // UTF-16 units
const MAX_READ_LENGTH = 32 * 1_024; // UTF-16 units; the rest of a longer statement is ignored

export interface StatementShape {
  /** The statement without comments and literals; at most 1,000 characters. */
  readonly text: string;
  /** The command: `SELECT`, `INSERT`, …; for WITH the command of the main statement; `OTHER` for an unknown command. */
  readonly operation: string;
}

/**
 * Returns a statement without its values, for logs. Strings of every kind and numbers become `?`, comments are removed, and a
 * list of values or parameters is reduced to its first item. Names stay, also quoted ones. A token that is not closed, such as
 * a string without its closing quote, extends to the end of the statement.
 *
 * It tokenizes like PostgreSQL with `standard_conforming_strings = on`, which is the default.
 *
 * @see https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export function statementShape(sql: string): StatementShape {
  const read = sql.slice(0, MAX_READ_LENGTH);
  let text = '';
  let operation = '';
  let depth = 0;
  let gap = false; // true if white space or a comment precedes the token
  for (let at = 0; at < read.length && text.length <= MAX_SHAPE_LENGTH;) {
    const [kind, end] = tokenAt(read, at);
    const token = read.slice(at, end);
    at = end;
    if (kind === 'gap') {
      gap = true;
      continue;
    }
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (kind === 'word') operation = updateOperation(operation, token.toUpperCase(), depth);
    const shown = kind === 'literal' ? '?' : token;
    const isItem = kind === 'literal' || kind === 'parameter';
    if (isItem && LIST_END.test(text)) text = text.replace(LIST_END, '$1, …');
    else text += gap && text ? ` ${shown}` : shown;
    gap = false;
  }
  const isCut = text.length > MAX_SHAPE_LENGTH || sql.length > MAX_READ_LENGTH;
  return { text: isCut ? `${text.slice(0, MAX_SHAPE_LENGTH - 1)}…` : text, operation: operation || 'OTHER' };
}

type TokenKind = 'gap' | 'literal' | 'parameter' | 'name' | 'word' | 'sign';

/** The first pattern that matches at a position wins. A quote that is never closed matches to the end. */
const TOKEN_PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['gap', /\s+|--[^\n\r]*/y],
  ['literal', /[eE]'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*(?:'|\\?$)/y],
  ['literal', /(?:[bBxXnN]|[uU]&)?'[^']*(?:''[^']*)*(?:'|$)/y],
  ['literal', /(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[^]*?(?:\1|$)/y],
  ['literal', /\.?\d(?:[eE][+-]\d|[\w.\u0080-\uffff])*/y],
  ['parameter', /\$\d+/y],
  ['name', /(?:[uU]&)?"[^"]*(?:""[^"]*)*(?:"|$)/y],
  ['word', /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
];

const LIST_END = /(\?|\$\d+)(?:, …)?,$/; // matches a list to which another item is added

function tokenAt(sql: string, at: number): readonly [kind: TokenKind, end: number] {
  if (sql.startsWith('/*', at)) return ['gap', commentEnd(sql, at)];
  for (const [kind, pattern] of TOKEN_PATTERNS) {
    pattern.lastIndex = at;
    if (pattern.test(sql)) return [kind, pattern.lastIndex];
  }
  return ['sign', at + 1];
}

/** Returns the end of a block comment. Unlike in the SQL standard, comments nest in PostgreSQL. */
function commentEnd(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  for (let depth = 0, found = edge.exec(sql); found; found = edge.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}

const COMMANDS_AFTER_WITH = new Set('SELECT INSERT UPDATE DELETE MERGE VALUES TABLE'.split(' '));
const OTHER_COMMANDS =
  'WITH COPY CALL DO EXPLAIN PREPARE EXECUTE DECLARE FETCH CLOSE LOCK LISTEN NOTIFY BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE ' +
  'SET RESET SHOW DISCARD CREATE ALTER DROP TRUNCATE GRANT REVOKE COMMENT VACUUM ANALYZE REINDEX REFRESH CLUSTER';
const COMMANDS = new Set([...COMMANDS_AFTER_WITH, ...OTHER_COMMANDS.split(' ')]);

function updateOperation(found: string, word: string, depth: number): string {
  if (found === '') return COMMANDS.has(word) ? word : 'OTHER';
  return found === 'WITH' && depth === 0 && COMMANDS_AFTER_WITH.has(word) ? word : found;
}
