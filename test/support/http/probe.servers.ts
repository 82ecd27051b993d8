import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { nestLogger } from '@pikaia/logging';
import { ProbeModule } from './probe.application.js';

const BODY_LIMIT = 1_000; // bytes

interface Limits {
  /** Milliseconds by which headers and body must have arrived. */
  readonly requestMs: number;
  /** The handler timeout of Fastify in milliseconds. */
  readonly handlerMs: number;
}

const DEFAULT_LIMITS: Limits = { requestMs: 60_000, handlerMs: 2_000 }; // the machine may be busy

const http = ({ requestMs }: Limits) => ({ connectionsCheckingInterval: 20, requestTimeout: requestMs });

/** Express with server options, which the adapter of Nest does not accept. */
class LimitedExpress extends ExpressAdapter {
  constructor(private readonly limits: Limits) {
    super();
  }

  override initHttpServer(): void {
    this.httpServer = createServer(http(this.limits), this.getInstance<() => void>());
  }
}

const limitedFastify = (limits: Limits): FastifyAdapter =>
  new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    handlerTimeout: limits.handlerMs,
    requestTimeout: limits.requestMs,
    http: http(limits),
    routerOptions: { maxParamLength: 300 },
  });

export type AdapterFactory = (limits: Limits) => AbstractHttpAdapter;

export const SERVERS: readonly (readonly [name: 'Fastify' | 'Express', adapter: AdapterFactory])[] = [
  ['Fastify', limitedFastify],
  ['Express', (limits) => new LimitedExpress(limits)],
];

export interface Probe {
  readonly app: INestApplication;
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

export async function startProbe(make: AdapterFactory, limits = DEFAULT_LIMITS): Promise<Probe> {
  const adapter = make(limits);
  const isExpress = adapter.getType() === 'express';
  const app = await NestFactory.create<INestApplication & { useBodyParser(...args: unknown[]): unknown }>(ProbeModule, adapter, {
    logger: nestLogger(),
    bodyParser: !isExpress,
  });
  if (isExpress) app.useBodyParser('json', { limit: BODY_LIMIT });
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer() as Server;
  const { port } = server.address() as AddressInfo;
  return { app, server, port, url: `http://127.0.0.1:${port}` };
}
