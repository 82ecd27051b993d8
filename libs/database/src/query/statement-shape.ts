const SHAPE_LIMIT = 1_000; // UTF-16 units
const READ_LIMIT = 32 * 1_024; // what is beyond is not looked at

export interface StatementShape {
  /** The statement without comments and literals, at most 1,000 characters. */
  readonly text: string;
  /** `SELECT`, `INSERT`, …: of a WITH what it leads to; `OTHER` for what is none of PostgreSQL's usual commands. */
  readonly operation: string;
}

/**
 * What a statement does, without the values that it does it with: strings of every kind and numbers become `?`, comments
 * go, a list of values or parameters shrinks to its first. Names stay, quoted ones too. What does not end, as a string
 * without its quote, takes all that follows with it.
 *
 * It finds tokens as PostgreSQL does where `standard_conforming_strings` is on, which is the default.
 *
 * @see https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export function statementShape(sql: string): StatementShape {
  const read = sql.slice(0, READ_LIMIT);
  let text = '';
  let operation = '';
  let depth = 0;
  let gap = false; // white space or a comment stood before the token
  for (let at = 0; at < read.length && text.length <= SHAPE_LIMIT;) {
    const [kind, end] = tokenAt(read, at);
    const token = read.slice(at, end);
    at = end;
    if (kind === 'gap') {
      gap = true;
      continue;
    }
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (kind === 'word') operation = operationWith(operation, token.toUpperCase(), depth);
    const shown = kind === 'literal' ? '?' : token;
    const isItem = kind === 'literal' || kind === 'parameter';
    if (isItem && LIST.test(text)) text = text.replace(LIST, '$1, …');
    else text += gap && text ? ` ${shown}` : shown;
    gap = false;
  }
  const isCut = text.length > SHAPE_LIMIT || sql.length > READ_LIMIT;
  return { text: isCut ? `${text.slice(0, SHAPE_LIMIT - 1)}…` : text, operation: operation || 'OTHER' };
}

type Kind = 'gap' | 'literal' | 'parameter' | 'name' | 'word' | 'sign';

/** In this order; each from a given place on. A quote that is never closed reaches to the end. */
const TOKENS: readonly (readonly [Kind, RegExp])[] = [
  ['gap', /\s+|--[^\n\r]*/y],
  ['literal', /[eE]'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*(?:'|\\?$)/y],
  ['literal', /(?:[bBxXnN]|[uU]&)?'[^']*(?:''[^']*)*(?:'|$)/y],
  ['literal', /(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[^]*?(?:\1|$)/y],
  ['literal', /\.?\d(?:[eE][+-]\d|[\w.\u0080-\uffff])*/y],
  ['parameter', /\$\d+/y],
  ['name', /(?:[uU]&)?"[^"]*(?:""[^"]*)*(?:"|$)/y],
  ['word', /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
];

const LIST = /(\?|\$\d+)(?:, …)?,$/; // before one more item

function tokenAt(sql: string, at: number): readonly [kind: Kind, end: number] {
  if (sql.startsWith('/*', at)) return ['gap', commentEnd(sql, at)];
  for (const [kind, pattern] of TOKENS) {
    pattern.lastIndex = at;
    if (pattern.test(sql)) return [kind, pattern.lastIndex];
  }
  return ['sign', at + 1];
}

/** They nest, other than the standard's. */
function commentEnd(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  for (let depth = 0, found = edge.exec(sql); found; found = edge.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}

const AFTER_WITH = new Set('SELECT INSERT UPDATE DELETE MERGE VALUES TABLE'.split(' '));
const OTHERS =
  'WITH COPY CALL DO EXPLAIN PREPARE EXECUTE DECLARE FETCH CLOSE LOCK LISTEN NOTIFY BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE ' +
  'SET RESET SHOW DISCARD CREATE ALTER DROP TRUNCATE GRANT REVOKE COMMENT VACUUM ANALYZE REINDEX REFRESH CLUSTER';
const COMMANDS = new Set([...AFTER_WITH, ...OTHERS.split(' ')]);

function operationWith(found: string, word: string, depth: number): string {
  if (found === '') return COMMANDS.has(word) ? word : 'OTHER';
  return found === 'WITH' && depth === 0 && AFTER_WITH.has(word) ? word : found;
}
