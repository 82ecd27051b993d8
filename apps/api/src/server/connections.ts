import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const CHECK_INTERVAL_MS = 25;

export interface DrainLimits {
  /** Milliseconds in which a started request must arrive. Later requests are answered with 408. */
  readonly incompleteMs: number;
  /** Milliseconds in which a client must read a complete response. Then the connection is destroyed. */
  readonly unreadMs: number;
}

/** The sum is below five seconds, because container runtimes and deployments wait for the stop. */
const DRAIN_LIMITS: DrainLimits = { incompleteMs: 1_000, unreadMs: 2_500 };

interface Connection {
  /** The latest request and its response. */
  request?: IncomingMessage;
  response?: ServerResponse;
  /** `bytesRead` of the socket when the latest response was sent. Further bytes belong to another request. */
  bytesReadAtResponse: number;
  /** When the connection is destroyed if it is still open, in monotonic milliseconds. */
  deadlineMs?: number;
}

/**
 * Tracks the connections of an HTTP server, so that a shutdown can close each of them in time. Node's own `close()` waits for a
 * client that never sends a byte, stops checking `requestTimeout`, and truncates a response that the client has not read yet.
 */
export class Connections {
  private readonly open = new Map<Socket, Connection>();
  private draining = false;
  private incompleteDeadlineMs = 0; // monotonic milliseconds

  /** Create the instance before the server listens. */
  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.open.set(socket, { bytesReadAtResponse: 0 });
      socket.once('close', () => this.open.delete(socket));
    });
    // Runs before the handler, which may respond synchronously.
    server.prependListener('request', (request, response) => {
      const { socket } = request;
      const connection = this.open.get(socket);
      if (!connection) return;
      const previous = connection.response;
      Object.assign(connection, { request, response });
      response.once('finish', () => (connection.bytesReadAtResponse = socket.bytesRead));
      if (!this.draining) return;
      closeAfterResponse(response);
      // Pipelining: the response to this request follows the previous response on the same connection.
      if (previous && !previous.headersSent && performance.now() < this.incompleteDeadlineMs) previous.shouldKeepAlive = true;
    });
  }

  /**
   * Stops accepting connections and resolves when all connections are closed. Connections that are idle or never sent a byte are
   * closed immediately. A started request may still arrive within `incompleteMs`. A complete request is answered, however long its
   * handler takes, and the client then has `unreadMs` to read the response.
   */
  async drain({ incompleteMs, unreadMs }: DrainLimits = DRAIN_LIMITS): Promise<void> {
    this.draining = true;
    this.incompleteDeadlineMs = performance.now() + incompleteMs;
    NetServer.prototype.close.call(this.server);
    for (const { response } of this.open.values()) if (response) closeAfterResponse(response);
    while (this.open.size) {
      await delay(CHECK_INTERVAL_MS); // also before the first check, so that the server reads bytes that have arrived
      for (const [socket, connection] of this.open) this.closeIfDue(socket, connection, unreadMs);
    }
  }

  private closeIfDue(socket: Socket, connection: Connection, unreadMs: number): void {
    const { request, response, bytesReadAtResponse, deadlineMs } = connection;
    const now = performance.now();
    const isAnswered = response === undefined || response.writableFinished;
    if (isAnswered && socket.bytesRead === bytesReadAtResponse) {
      socket.destroy();
    } else if (deadlineMs !== undefined) {
      if (now > deadlineMs) socket.destroy();
    } else if (!isAnswered && response.writableEnded) {
      connection.deadlineMs = now + unreadMs;
    } else if ((isAnswered || !request!.complete) && now > this.incompleteDeadlineMs) {
      connection.deadlineMs = now + unreadMs;
      const error = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }); // like Node's own error
      const isUnanswered = request === undefined || (isAnswered ? request.complete : !response!.headersSent);
      if (!isUnanswered || !this.server.emit('clientError', error, socket)) socket.destroy(error);
    }
  }
}

/** Tells the client that the connection closes after this response. */
function closeAfterResponse(response: ServerResponse): void {
  if (!response.headersSent) response.shouldKeepAlive = false;
}
