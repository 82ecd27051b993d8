/** A saved query of CloudWatch Logs Insights. */
export interface LogQuery {
  /** The name in CloudWatch. The part before a slash is a folder. */
  readonly name: string;
  /** The question that the query answers. */
  readonly question: string;
  /** The query, with a `<placeholder>` for each parameter. */
  readonly text: string;
  /** The names of the placeholders, without `<` and `>`. */
  readonly parameters: readonly string[];
}

/** Returns the text of a query with its parameters filled in. Escapes quotes and backslashes. */
export function renderLogQuery(query: LogQuery, values: Readonly<Record<string, string>> = {}): string {
  return query.parameters.reduce((text, name) => {
    const value = (values[name] ?? '').replace(/["\\]/g, '\\$&');
    return text.replaceAll(`<${name}>`, () => value);
  }, query.text);
}

/** Quotes a field name for a query: a name with a dot, an underscore or similar needs backticks. */
export const field = (name: string): string => (/^@?[A-Za-z\d]+$/.test(name) ? name : `\`${name}\``);

/** Builds a query with one command on each line. The placeholders in the text become its parameters. */
export function logQuery(name: string, question: string, commands: readonly string[]): LogQuery {
  const text = commands.join('\n| ');
  return { name, question, text, parameters: [...new Set([...text.matchAll(/<([a-z -]+)>/g)].map(([, found]) => found!))] };
}
