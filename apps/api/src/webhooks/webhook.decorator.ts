import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { AllowedTo } from '../authentication/access.js';
import { addRouteConfig } from '../server/route-config.js';

/**
 * Declares the route of an incoming webhook. The route needs no session and gets the bytes of its body unparsed. Its handler passes
 * its `@Signed()` parameter to `WebhookReceiver.receive`, which verifies the signature before anything else happens.
 */
export const Webhook = (source: string): MethodDecorator =>
  applyDecorators(AllowedTo('webhook'), addRouteConfig({ webhook: source, addressLimit: 'webhook' }));

/** A delivery whose signature has not been verified. */
export interface SignedRequest {
  /** The bytes that were signed. */
  readonly body: Buffer;
  readonly headers: IncomingHttpHeaders;
}

/** Injects the delivery of a webhook. */
export const Signed = createParamDecorator((_: unknown, execution: ExecutionContext): SignedRequest => {
  const { body, headers } = execution.switchToHttp().getRequest<FastifyRequest<{ Body: Buffer | undefined }>>();
  return { body: body ?? Buffer.alloc(0), headers };
});
