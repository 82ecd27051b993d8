import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Relay } from '@pikaia/events';
import { getLogger } from '@pikaia/logging';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { Draining } from './draining.js';

const logger = getLogger('health');

/** `live`: the process answers. `ready`: it has its database, and is not shutting down. */
@Controller('health')
export class HealthController {
  private available = true;

  constructor(
    @InjectDataSource() private readonly source: DataSource,
    private readonly relay: Relay,
    private readonly draining: Draining,
  ) {}

  @Get('live')
  live() {
    return { status: 'ok' };
  }

  /** 503 while draining or without the database; what each sink's relay does here is shown in both cases. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const database = !this.draining.started && (await this.hasDatabase());
    if (!database) void reply.status(HttpStatus.SERVICE_UNAVAILABLE).header('retry-after', '1');
    return {
      status: this.draining.started ? 'draining' : database ? 'ok' : 'unavailable',
      checks: { database: database ? 'ok' : 'unavailable' },
      sinks: this.relay.health(),
    };
  }

  private async hasDatabase(): Promise<boolean> {
    try {
      await this.source.query('select 1');
      if (!this.available) logger.info('health_changed', { 'health.status': 'ready' });
      this.available = true;
    } catch (error) {
      if (this.available) logger.exception('health_changed', error, { 'health.status': 'database_unavailable' });
      this.available = false;
    }
    return this.available;
  }
}
