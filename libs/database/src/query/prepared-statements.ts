import type { ClientBase } from 'pg';

type Send = (...args: unknown[]) => unknown;

const namesByText = new Map<string, string>();

/**
 * Declares a statement that each connection prepares. Use it for a statement that is sent often. The server then parses and plans
 * it once for each connection, which saves more than half of the cost of a small statement. Behind a transaction pooler the statement is not
 * prepared, because the next transaction can reach a server process that does not know it.
 *
 * @param name the name of the prepared statement; unique to this text, at most 63 bytes.
 * @returns the text. Send it through any library.
 */
export function preparedStatement(name: string, text: string): string {
  namesByText.set(text, name);
  return text;
}

/** Makes a connection prepare the declared statements. It has to be direct. */
export function prepareStatements(client: ClientBase): void {
  const send = client.query.bind(client) as Send;
  const renamed = new Map<string, string>();
  let renames = 0;
  client.query = ((...args: unknown[]) => {
    const [text, values, ...rest] = args;
    const declared = typeof text === 'string' && Array.isArray(values) ? namesByText.get(text) : undefined;
    if (declared === undefined) return send(...args);
    const name = renamed.get(declared) ?? declared;
    const answer = send({ name, text, values }, ...rest);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      forgetIfUnknown(client, name, error);
      if (hasOtherColumns(error)) renamed.set(declared, `${declared}_${++renames}`);
      throw error;
    });
  }) as ClientBase['query'];
}

// The types of pg lack this property.
type Prepared = ClientBase & {
  readonly connection: Readonly<Record<'parsedStatements' | 'submittedNamedStatements', Record<string, string>>>;
};

const UNKNOWN_STATEMENT = '26000';
const FEATURE_NOT_SUPPORTED = '0A000';

/**
 * True if a migration has changed the type of a column that the statement returns. The server then refuses the statement until the
 * connection ends, also after a rollback, so the next call prepares it under another name.
 */
const hasOtherColumns = (error: unknown): boolean => {
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  return code === FEATURE_NOT_SUPPORTED && routine === 'RevalidateCachedQuery';
};

/**
 * Makes the next call prepare the statement again if the server does not know it. pg closes a statement on the server when it
 * cannot convert a parameter, but still counts it as prepared. `deallocate all` has the same effect.
 */
function forgetIfUnknown(client: ClientBase, name: string, error: unknown): void {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  if (severity !== undefined && code !== UNKNOWN_STATEMENT) return;
  const { parsedStatements, submittedNamedStatements } = (client as Prepared).connection;
  delete parsedStatements[name];
  delete submittedNamedStatements[name];
}
