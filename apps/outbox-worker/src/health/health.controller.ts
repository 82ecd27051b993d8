import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { DatabaseCheck } from '@pikaia/database';
import { RelayService, type RelayHealth } from '@pikaia/events';
import { getLogger } from '@pikaia/logging';
import type { FastifyReply } from 'fastify';
import { Draining } from './draining.js';

const logger = getLogger('health');

type Status = 'ok' | 'not_advancing' | 'leader_failing' | 'unavailable' | 'draining';

/**
 * Health checks of the worker. `live`: the process responds. `ready`: the process has a database connection, is not shutting
 * down, and its leaders do not fail, so a deployment whose leaders keep failing does not proceed. `advancing`: each sink that
 * this worker leads makes progress, and each sink has a leader in some worker. Observers, such as the sink `log`, do not count. Use `advancing` for alarms and not for
 * schedulers, because a restart does not help.
 */
@Controller('health')
export class HealthController {
  private lastStatus: Status = 'ok';

  constructor(
    private readonly database: DatabaseCheck,
    private readonly relay: RelayService,
    private readonly draining: Draining,
  ) {}

  @Get('live')
  live() {
    return { status: 'ok' };
  }

  /** 503 while draining, without a database connection, or while a leader fails. `not_advancing` responds 200 with the reason. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const health = await this.check();
    if (health.status !== 'ok' && health.status !== 'not_advancing') setUnavailable(reply);
    return health;
  }

  /** Also 503 if a sink makes no progress or has no leader. A paused sink counts as advancing. */
  @Get('advancing')
  async advancing(@Res({ passthrough: true }) reply: FastifyReply) {
    const health = await this.check();
    if (health.status !== 'ok') setUnavailable(reply);
    return health;
  }

  private async check() {
    const sinks = this.relay.health();
    const leaderless = this.relay.leaderless();
    const database = !this.draining.started && (await this.hasDatabase());
    const isStuckOrLeaderless = sinks.some(isStuck) || leaderless.length > 0;
    const status = this.statusOf(database, sinks, isStuckOrLeaderless);
    this.logChange(status, sinks);
    return { status, checks: { database: database ? 'ok' : 'unavailable' }, sinks, leaderless };
  }

  private statusOf(database: boolean, sinks: readonly RelayHealth[], isStuckOrLeaderless: boolean): Status {
    if (this.draining.started) return 'draining';
    if (!database) return 'unavailable';
    if (sinks.some(({ leaderFailure, observer }) => leaderFailure && !observer)) return 'leader_failing';
    return isStuckOrLeaderless ? 'not_advancing' : 'ok';
  }

  private logChange(status: Status, sinks: readonly RelayHealth[]): void {
    if (status === this.lastStatus || status === 'draining' || status === 'unavailable') return;
    this.lastStatus = status;
    const fields = { 'health.status': status, 'health.sinks': sinks.filter(isStuck).map(({ sink }) => sink) };
    if (status === 'ok') logger.info('health_changed', { 'health.status': 'ready' });
    else logger.warning('health_changed', fields);
  }

  private async hasDatabase(): Promise<boolean> {
    try {
      await this.database.run();
      return true;
    } catch (error) {
      if (this.lastStatus !== 'unavailable')
        logger.exception('health_changed', error, { 'health.status': 'database_unavailable' });
      this.lastStatus = 'unavailable';
      return false;
    }
  }
}

const isStuck = ({ progress, observer }: RelayHealth): boolean => !observer && (progress === 'failing' || progress === 'stalled');

const setUnavailable = (reply: FastifyReply): void => {
  void reply.status(HttpStatus.SERVICE_UNAVAILABLE).header('retry-after', '1');
};
