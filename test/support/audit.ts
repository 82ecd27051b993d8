import { Module, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditedEntity, AuditModule, Personal, Public, Secret } from '@pikaia/audit';
import { context, newId, type ContextSnapshot } from '@pikaia/core';
import { DatabaseModule } from '@pikaia/database';
import { ClsModule } from 'nestjs-cls';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A person in an organization, as the specs of the audit log use it. Its table is never made: only its columns count. */
@Entity()
@AuditedEntity({ type: 'member', person: 'userId', label: 'email' })
export class SpecMember {
  @PrimaryColumn('uuid')
  @Public()
  id: string = newId();

  @Column('uuid', { name: 'user_id' })
  @Public()
  userId: string = newId();

  @Column('text')
  @Personal('userId')
  email: string = 'bob@example.com';

  @Column('text')
  @Public()
  role: string = 'member';

  @Column('text')
  @Secret()
  password: string = 'first';

  @Column('numeric')
  @Public()
  balance: string | number = '10.00';

  @Column('timestamptz', { name: 'invited_at' })
  @Public()
  invitedAt: Date | string | null = null;

  @Column('jsonb', { nullable: true })
  @Public({ keys: 'all' })
  settings?: unknown;

  @Column('jsonb', { nullable: true })
  @Personal('userId')
  profile?: unknown;
}

/** An application around the audit log, connected as `url`'s role. */
export async function startAuditApplication(
  url: string,
  providers: Provider[] = [],
  entities: Function[] = [SpecMember],
): Promise<INestApplicationContext> {
  const settings = { databaseUrl: url, databasePoolSize: 10, databaseStatementTimeoutMs: 15_000 };
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings, applicationName: 'spec', entities }),
      AuditModule.forRoot({ cursorKey: 'key of the specs' }),
    ],
    providers,
  })
  class SpecModule {}
  return NestFactory.createApplicationContext(SpecModule, { logger: ['error'], abortOnError: false });
}

export const alice = {
  type: 'user',
  id: '0197a1b2-0000-7000-8000-0000000000a1',
  email: 'alice@example.com',
  name: 'Alice',
} as const;

/** Runs `work` as Alice's request in an organization. */
export const asAlice = <T>(work: () => T, own: Partial<ContextSnapshot> = {}): T =>
  context.run(
    {
      organizationId: 'org_abc',
      actor: alice,
      request: { method: 'POST', path: '/members', clientAddress: '192.0.2.7', userAgent: 'spec/1' },
      ...own,
    },
    work,
  );
