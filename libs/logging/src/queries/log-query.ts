/** A saved query of CloudWatch Logs Insights. */
export interface LogQuery {
  /** As CloudWatch lists it; what stands before a slash is a folder. */
  readonly name: string;
  /** What it answers. */
  readonly question: string;
  /** With a `<placeholder>` for each parameter. */
  readonly text: string;
  /** What has to be filled in, as it stands between `<` and `>`. */
  readonly parameters: readonly string[];
}

/** The text of a query with its parameters filled in, quotes and backslashes escaped. */
export function filledIn(query: LogQuery, values: Readonly<Record<string, string>> = {}): string {
  return query.parameters.reduce((text, name) => {
    const value = (values[name] ?? '').replace(/["\\]/g, '\\$&');
    return text.replaceAll(`<${name}>`, () => value);
  }, query.text);
}

/** A field's name as a query needs it: one with a dot, an underscore or the like stands in backticks. */
export const field = (name: string): string => (/^@?[A-Za-z\d]+$/.test(name) ? name : `\`${name}\``);

/** A query of these commands, one a line. Its parameters are found in the text. */
export function logQuery(name: string, question: string, commands: readonly string[]): LogQuery {
  const text = commands.join('\n| ');
  return { name, question, text, parameters: [...new Set([...text.matchAll(/<([a-z -]+)>/g)].map(([, found]) => found!))] };
}
