import { Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { systemClock } from '@pikaia/core';
import type { FastifyInstance } from 'fastify';
import type { DataSource } from 'typeorm';
import { ServerSettings } from '../server/server.settings.js';
import { addressLimitOf } from './address-limit.decorator.js';
import { RateLimits } from './rate-limits.js';

/** Counts all requests by client address before authentication. The guard counts them by session and organization. */
@Module({
  providers: [
    {
      provide: RateLimits,
      inject: [ServerSettings, getDataSourceToken()],
      useFactory: (settings: ServerSettings, source: DataSource) => new RateLimits(settings, source, systemClock),
    },
  ],
  exports: [RateLimits],
})
export class RateLimitsModule implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly limits: RateLimits,
  ) {}

  onModuleInit(): void {
    const instance = this.host.httpAdapter.getInstance<FastifyInstance>();
    instance.addHook('onRequest', (request, reply) => this.limits.countAddress(addressLimitOf(request), reply));
  }
}
