import { connect } from 'node:net';
import type { ClientBase } from 'pg';

// The types of pg lack these properties.
type Client = ClientBase & {
  readonly host: string;
  readonly port: number;
  readonly processID: number | null;
  readonly secretKey: number | null;
  readonly readyForQuery?: boolean | null;
};

const CANCEL_REQUEST_CODE = 80_877_102; // "Canceling Requests in Progress" in PostgreSQL's protocol documentation
const CANCEL_TIMEOUT_MS = 2_000;

/**
 * Asks the server to cancel the running statement of a connection. Does nothing if no statement runs.
 *
 * A server that executes a statement or waits for a lock does not notice that its client has gone. Until the statement timeout
 * it would keep the locks of the transaction. The request is best effort, as in libpq: it is sent unencrypted, and the server
 * does not answer.
 */
export function cancelStatement(client: ClientBase): void {
  const { host, port, processID, secretKey, readyForQuery } = client as Client;
  if (readyForQuery || processID === null || secretKey === null) return;
  const request = Buffer.alloc(16);
  request.writeInt32BE(request.length, 0);
  request.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.setTimeout(CANCEL_TIMEOUT_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy()); // the server is unreachable: the statement timeout ends the statement
  socket.end(request);
  socket.unref();
}
