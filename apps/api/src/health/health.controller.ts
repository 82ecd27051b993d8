import { Controller, Get } from '@nestjs/common';
import { DatabaseCheck } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import { AllowedTo } from '../authentication/access.js';
import { Problem } from '../errors/problem.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { LiveView, ReadyView } from './health.views.js';
import { Readiness } from './readiness.js';

const logger = getLogger('health');

/** `live`: the process responds. `ready`: the process accepts requests and has a database connection. */
@AllowedTo('public')
@Controller('health')
export class HealthController {
  constructor(
    private readonly database: DatabaseCheck,
    private readonly readiness: Readiness,
  ) {}

  @Get('live')
  @Endpoint({ summary: 'Check that the process responds', responses: { 200: LiveView } })
  live() {
    return { status: 'ok' as const };
  }

  @Get('ready')
  @Endpoint({ summary: 'Check that the process accepts requests and has a database connection', responses: { 200: ReadyView } })
  async ready() {
    if (this.readiness.draining) throw Problem.unavailable(1);
    try {
      await this.database.run();
      if (this.readiness.setState('ready')) logger.info('health_changed', { 'health.status': 'ready' });
    } catch (error) {
      if (this.readiness.setState('database'))
        logger.exception('health_changed', error, { 'health.status': 'database_unavailable' });
      throw Problem.unavailable(1, error);
    }
    return { status: 'ok' as const, checks: { database: 'ok' as const } };
  }
}
