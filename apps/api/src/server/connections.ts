import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 25;

export interface DrainLimits {
  /** Milliseconds in which a request that has begun must arrive; then it is answered 408. */
  readonly incompleteMs: number;
  /** Milliseconds in which a client must read an answer that the handler has given; then its connection is destroyed. */
  readonly unreadMs: number;
}

/** Together below five seconds: container runtimes and deployments wait for the stop. */
export const DRAIN_LIMITS: DrainLimits = { incompleteMs: 1_000, unreadMs: 2_500 };

interface Connection {
  /** The newest request, and its answer. */
  request?: IncomingMessage;
  response?: ServerResponse;
  /** Bytes received until the newest answer was sent: whatever comes after them begins another request. */
  bytesAnswered: number;
  /** When it is destroyed if it is still open; monotonic milliseconds. */
  endBy?: number;
}

/**
 * Follows the connections of an HTTP server so that a shutdown can end each of them in time. Node's own `close()` waits
 * for a client that never sends a byte, stops checking `requestTimeout`, and cuts off an answer that the client has not
 * read yet.
 */
export class Connections {
  private readonly open = new Map<Socket, Connection>();
  private draining = false;
  private incompleteUntil = 0; // monotonic milliseconds

  /** Create it before the server listens. */
  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.open.set(socket, { bytesAnswered: 0 });
      socket.once('close', () => this.open.delete(socket));
    });
    // Before the handler, which may answer at once.
    server.prependListener('request', (request, response) => {
      const { socket } = request;
      const connection = this.open.get(socket);
      if (!connection) return;
      const previous = connection.response;
      Object.assign(connection, { request, response });
      response.once('finish', () => (connection.bytesAnswered = socket.bytesRead));
      if (!this.draining) return;
      closeAfter(response);
      // Pipelined: the answer to this request comes behind the previous one.
      if (previous && !previous.headersSent && performance.now() < this.incompleteUntil) previous.shouldKeepAlive = true;
    });
  }

  /**
   * Accepts no more connections and settles when all of them have ended. An idle connection, or one that never sent a byte,
   * is ended at once. A request that has begun may arrive, for `incompleteMs`. A request that is whole is answered, however
   * long its handler takes, and the client may read the answer, for `unreadMs`.
   */
  async drain({ incompleteMs, unreadMs }: DrainLimits = DRAIN_LIMITS): Promise<void> {
    this.draining = true;
    this.incompleteUntil = performance.now() + incompleteMs;
    NetServer.prototype.close.call(this.server);
    for (const { response } of this.open.values()) if (response) closeAfter(response);
    while (this.open.size) {
      await delay(LOOK_EVERY_MS); // before the first look too: what has arrived is read
      for (const [socket, connection] of this.open) this.endInTime(socket, connection, unreadMs);
    }
  }

  private endInTime(socket: Socket, connection: Connection, unreadMs: number): void {
    const { request, response, bytesAnswered, endBy } = connection;
    const now = performance.now();
    const isAnswered = response === undefined || response.writableFinished;
    if (isAnswered && socket.bytesRead === bytesAnswered) {
      socket.destroy();
    } else if (endBy !== undefined) {
      if (now > endBy) socket.destroy();
    } else if (!isAnswered && response.writableEnded) {
      connection.endBy = now + unreadMs;
    } else if ((isAnswered || !request!.complete) && now > this.incompleteUntil) {
      connection.endBy = now + unreadMs;
      const error = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }); // as Node's own
      const isUnanswered = request === undefined || (isAnswered ? request.complete : !response!.headersSent);
      if (!isUnanswered || !this.server.emit('clientError', error, socket)) socket.destroy(error);
    }
  }
}

/** The client is told that no other request on this connection is answered. */
function closeAfter(response: ServerResponse): void {
  if (!response.headersSent) response.shouldKeepAlive = false;
}
