import { errorMessage } from '@pikaia/logging';
import { databaseFault } from '../errors/database-fault.js';
import { failed, skipped, type CheckResult } from './check.js';

const codeOf = (error: unknown): string => {
  const { code, errors } = error as { code?: unknown; errors?: unknown[] };
  return String(code ?? (errors?.[0] as { code?: unknown } | undefined)?.code ?? '');
};

/** The cures of a connection that is refused, by SQLSTATE or code of the operating system. The first match applies. */
const CONNECTION_CURES: readonly (readonly [RegExp, string])[] = [
  [/^28|^SASL/, 'Check the user and the password in DATABASE_URL, and pg_hba.conf of the server.'],
  [/^3D000/, 'Check the name of the database in DATABASE_URL, or create the database.'],
  [/^42501/, 'Grant the role CONNECT on the database.'],
  [/^53300/, 'Too many connections are open: lower DATABASE_POOL_SIZE of the processes, or raise max_connections of the server.'],
  [/^57P03/, 'The server is starting or stopping. Run the doctor again.'],
  [
    /does not support SSL/,
    'Switch TLS on in the server, or connect without it: sslmode=disable in DATABASE_URL, or DATABASE_TLS=off.',
  ],
  [
    /TLS|SSL|CERT|SIGNED|UNABLE_TO|SSL connection/,
    'Name the authority of the server certificate as sslrootcert in DATABASE_URL, or in DATABASE_TLS_CA_FILE.',
  ],
];

/** Why the connection could not be opened. */
export function connectionFailure(error: unknown): CheckResult {
  const message = errorMessage(error);
  const key = `${codeOf(error)} ${message}`;
  const [, cure] = CONNECTION_CURES.find(([pattern]) => pattern.test(key.trimStart())) ?? [];
  return failed(
    `The database cannot be reached: ${sentence(message)}`,
    cure ?? 'Check the host and the port in DATABASE_URL, that the server runs, and that a firewall lets this machine through.',
  );
}

/**
 * The result of a check that ended with an error.
 *
 * @param isProcess whether the connected role is that of a process, which needs what the checks read.
 */
export function statementFailure(error: unknown, isProcess: boolean): CheckResult {
  const message = sentence(errorMessage(error));
  const code = codeOf(error);
  if (code === '42501') {
    const detail = `The role may not read what this check needs: ${message}`;
    return isProcess ? failed(detail, 'Grant the role what the migrations grant to it.') : skipped(detail);
  }
  if (code === '55P03' || code === '57014')
    return failed(
      `The check did not end in time: ${message}`,
      'Another session holds a lock, or the server is overloaded. See: select pid, state, wait_event_type, query from pg_stat_activity.',
    );
  if (code === '42P01' || code === '42703' || code === '42883')
    return failed(
      `The schema is not that of this version: ${message}`,
      'Run the migrations of the installed version of the libraries.',
    );
  if (code === 'PIKAIA_DATABASE_UNRESPONSIVE' || databaseFault(error) === 'unavailable')
    return failed(message, 'Check that the server runs and is not overloaded, and run the doctor again.');
  return failed(
    message,
    'This check failed in an unexpected way. The code and the message say why; docs/errors.md lists the codes.',
  );
}

/** The text in one line, with a full stop. */
export const sentence = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return /[.!?]$/.test(line) ? line : `${line}.`;
};
