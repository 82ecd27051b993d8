import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Body, Controller, Delete, Get, HttpCode, Injectable, Module, Patch, Post, Put, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { context, enterContextAtRequest } from '@pikaia/core';
import { DatabaseModule, Propagation, Transactional } from '@pikaia/database';
import { captureLogs } from '@pikaia/logging/testing';
import { ClsModule } from 'nestjs-cls';
import {
  alice,
  memberInvited,
  memberRemoved,
  memberRoleChanged,
  SpecMember,
} from '../../../../test/support/audit/audit.application.js';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { AuditModule } from '../audit.module.js';
import { diff } from '../diff/diff.js';
import { snapshot } from '../diff/snapshot.js';
import { Audit } from '../record/audit.service.js';
import { Audited, NotAudited } from './audited.decorator.js';

@Injectable()
class Members {
  constructor(private readonly audit: Audit) {}

  @Transactional()
  async change(how: string): Promise<void> {
    const member = new SpecMember();
    const before = snapshot(member);
    if (how === 'nested') return this.nested(member);
    if (how === 'rolled-back') return this.nested(member, true).catch(() => undefined);
    if (how === 'record' || how === 'fail') member.role = 'admin';
    if (how === 'record' || how === 'relation only' || how === 'fail') {
      await this.audit.record(memberRoleChanged, member, diff(before, member));
    }
    if (how === 'other') await this.audit.record(memberRemoved, member, diff(before, null));
    if (how === 'duplicate' || how === 'unchanged') this.audit.nothingToRecord(how);
    if (how === 'fail') throw new Error('no');
  }

  @Transactional(Propagation.Nested)
  async nested(member: SpecMember, fail = false): Promise<void> {
    await this.audit.record(memberRoleChanged, member, diff(null, member));
    if (fail) throw new Error('no');
  }
}

@Controller('members')
class MembersController {
  constructor(private readonly members: Members) {}

  @Patch()
  @Audited(memberRoleChanged)
  async change(@Body() { how }: { how: string }): Promise<object> {
    context.bind({ actor: alice, organizationId: 'org_abc' });
    await this.members.change(how);
    return { how };
  }

  @Patch('either')
  @Audited(memberRemoved, memberRoleChanged)
  changeEither(@Body() body: { how: string }): Promise<object> {
    return this.change(body);
  }

  @Patch('undeclared')
  @NotAudited('the spec records all the same')
  changeUndeclared(@Body() body: { how: string }): Promise<object> {
    return this.change(body);
  }

  @Get('changed')
  changeByReading(): Promise<object> {
    return this.change({ how: 'record' });
  }

  @Post('search')
  @HttpCode(200)
  @NotAudited('reads only')
  search(): object {
    return {};
  }

  @Get()
  list(): object {
    return {};
  }
}

@Controller('silent')
class SilentController {
  @Post()
  @Audited(memberInvited)
  create(): object {
    return {};
  }
}

@Controller('careless')
class CarelessController {
  @Post()
  create(): object {
    return {};
  }

  @Put(':id')
  @NotAudited('why not')
  replace(): object {
    return {};
  }

  @Delete(':id')
  remove(): object {
    return {};
  }
}

@Controller('inheriting')
class InheritingController extends CarelessController {}

let database: TestDatabase;

async function start(...controllers: Type[]): Promise<NestFastifyApplication> {
  const settings = { databaseUrl: database.apiUrl, databasePoolSize: 5, databaseStatementTimeoutMs: 5_000 };
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings, applicationName: 'spec', entities: [SpecMember] }),
      AuditModule.forRoot(),
    ],
    providers: [Members],
    controllers,
  })
  class SpecModule {}
  const app = await NestFactory.create<NestFastifyApplication>(SpecModule, new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
  });
  return app;
}

beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

describe('checkAuditDeclarations', () => {
  it('refuses to start with mutating routes that have no declaration, and names each of them', async () => {
    const app = await start(MembersController, CarelessController, InheritingController);
    await expect(app.init()).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_DECLARATION_MISSING',
      message: expect.stringContaining(
        'CarelessController.create (POST), CarelessController.remove (DELETE), InheritingController.create (POST), InheritingController.remove (DELETE)',
      ),
    });
    await app.close().catch(() => undefined);
  });
});

describe('CompletenessInterceptor', () => {
  let app: NestFastifyApplication;
  let url: string;
  beforeAll(async () => {
    app = await start(MembersController);
    enterContextAtRequest(app.getHttpServer() as Server, { hops: 0 });
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/members`;
  });
  afterAll(() => app.close());

  async function linesOf(request: () => Promise<Response>, event = 'audit_record_missing') {
    using logs = captureLogs();
    const response = await request();
    await response.text();
    return { status: response.status, lines: logs.of(event) };
  }

  const change = (how: string, path = ''): Promise<Response> =>
    fetch(`${url}${path}`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ how }) });

  it.each(['record', 'nested', 'unchanged', 'duplicate'])(
    'logs nothing after a request with its record or a reason: %s',
    async (how) => {
      expect(await linesOf(() => change(how))).toEqual({ status: 200, lines: [] });
    },
  );

  it.each(['nothing', 'other', 'rolled-back', 'relation only'])(
    'logs audit_record_missing after a request without its record: %s',
    async (how) => {
      expect(await linesOf(() => change(how))).toEqual({
        status: 200,
        lines: [expect.objectContaining({ 'audit.action': 'member.role_changed', 'audit.handler': 'MembersController.change' })],
      });
    },
  );

  it.each(['record', 'other'])('logs nothing after a request with a record of one of several actions: %s', async (how) => {
    for (const event of ['audit_record_missing', 'audit_record_undeclared'])
      expect(await linesOf(() => change(how, '/either'), event)).toEqual({ status: 200, lines: [] });
  });

  it('names all declared actions in audit_record_missing', async () => {
    const { lines } = await linesOf(() => change('nothing', '/either'));
    expect(lines).toEqual([expect.objectContaining({ 'audit.action': 'member.removed, member.role_changed' })]);
  });

  it.each<[string, string, () => Promise<Response>]>([
    ['another action than its route declares', 'member.removed', () => change('other')],
    ['an action although its route is declared with @NotAudited', 'member.role_changed', () => change('record', '/undeclared')],
    ['an action in a read route without a declaration', 'member.role_changed', () => fetch(`${url}/changed`)],
  ])('logs audit_record_undeclared after a request that records %s', async (_, action, request) => {
    const { status, lines } = await linesOf(request, 'audit_record_undeclared');
    expect([status, lines]).toEqual([200, [expect.objectContaining({ 'audit.action': action })]]);
  });

  it('logs nothing for a request that failed', async () => {
    expect(await linesOf(() => change('fail'))).toEqual({ status: 500, lines: [] });
  });

  it('logs audit_record_missing for a request that has no context', async () => {
    const contextless = await start(SilentController);
    await contextless.listen(0, '127.0.0.1');
    const { port } = contextless.getHttpServer().address() as AddressInfo;
    const { status, lines } = await linesOf(() => fetch(`http://127.0.0.1:${port}/silent`, { method: 'POST' }));
    expect([status, lines]).toEqual([201, [expect.objectContaining({ 'audit.action': 'member.invited' })]]);
    await contextless.close();
  });

  it('expects no record from read routes and routes with @NotAudited', async () => {
    expect(await linesOf(() => fetch(url))).toEqual({ status: 200, lines: [] });
    expect(await linesOf(() => fetch(`${url}/search`, { method: 'POST' }))).toEqual({ status: 200, lines: [] });
  });
});
