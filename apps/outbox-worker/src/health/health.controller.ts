import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DatabaseCheck } from '@pikaia/database';
import { RelayService, type RelayHealth } from '@pikaia/events';
import { getLogger } from '@pikaia/logging';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { Draining } from './draining.js';

const logger = getLogger('health');

type Status = 'ok' | 'not_advancing' | 'leader_failing' | 'unavailable' | 'draining';

/**
 * `live`: the process answers. `ready`: it has its database, is not shutting down, and can lead: a deployment whose leaders start
 * and fail again and again must not go on. `advancing`: what it leads comes on, and every sink is led by somebody; a restart
 * does not help where it is not, so that is for alarms, not for schedulers.
 */
@Controller('health')
export class HealthController {
  private last: Status = 'ok';
  private readonly database: DatabaseCheck;

  constructor(
    @InjectDataSource() source: DataSource,
    private readonly relay: RelayService,
    private readonly draining: Draining,
  ) {
    this.database = new DatabaseCheck(source);
  }

  @Get('live')
  live() {
    return { status: 'ok' };
  }

  /** 503 while draining, without the database or with a leader that fails. `not_advancing` is ready: the answer says so, and why. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const health = await this.look();
    if (health.status !== 'ok' && health.status !== 'not_advancing') refuse(reply);
    return health;
  }

  /** 503 as well when a sink does not come on, or has no leader. A paused sink is meant to rest. */
  @Get('advancing')
  async advancing(@Res({ passthrough: true }) reply: FastifyReply) {
    const health = await this.look();
    if (health.status !== 'ok') refuse(reply);
    return health;
  }

  private async look() {
    const sinks = this.relay.health();
    const leaderless = this.relay.leaderless();
    const database = !this.draining.started && (await this.hasDatabase());
    const rests = sinks.some(isStuck) || leaderless.length > 0;
    const status = this.statusOf(database, sinks, rests);
    this.note(status, sinks);
    return { status, checks: { database: database ? 'ok' : 'unavailable' }, sinks, leaderless };
  }

  private statusOf(database: boolean, sinks: readonly RelayHealth[], rests: boolean): Status {
    if (this.draining.started) return 'draining';
    if (!database) return 'unavailable';
    if (sinks.some(({ leaderFailure }) => leaderFailure)) return 'leader_failing';
    return rests ? 'not_advancing' : 'ok';
  }

  private note(status: Status, sinks: readonly RelayHealth[]): void {
    if (status === this.last || status === 'draining' || status === 'unavailable') return;
    this.last = status;
    const fields = { 'health.status': status, 'health.sinks': sinks.filter(isStuck).map(({ sink }) => sink) };
    if (status === 'ok') logger.info('health_changed', { 'health.status': 'ready' });
    else logger.warning('health_changed', fields);
  }

  private async hasDatabase(): Promise<boolean> {
    try {
      await this.database.run();
      return true;
    } catch (error) {
      if (this.last !== 'unavailable') logger.exception('health_changed', error, { 'health.status': 'database_unavailable' });
      this.last = 'unavailable';
      return false;
    }
  }
}

const isStuck = ({ progress }: RelayHealth): boolean => progress === 'failing' || progress === 'stalled';

const refuse = (reply: FastifyReply): void => {
  void reply.status(HttpStatus.SERVICE_UNAVAILABLE).header('retry-after', '1');
};
