import { Module, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { auditAction, AuditedEntity, AuditModule, Personal, Public, Secret } from '@pikaia/audit';
import { context, newId, type ContextSnapshot } from '@pikaia/core';
import { DatabaseModule } from '@pikaia/database';
import { ClsModule } from 'nestjs-cls';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An audited entity for the specs of the audit log. It has no table, since the specs read only its columns. */
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

const description = 'Recorded by a spec.';
const ofMember = { aggregate: SpecMember, description };
export const memberInvited = auditAction('member.invited', { ...ofMember, changes: 'required' });
export const memberRoleChanged = auditAction('member.role_changed', { ...ofMember, changes: 'required' });
export const memberRemoved = auditAction('member.removed', { ...ofMember, changes: 'required' });
export const memberSignedIn = auditAction('member.signed_in', { ...ofMember, changes: 'none' });
export const planChanged = auditAction('plan.changed', { aggregate: 'plan', changes: 'none', description });

/** Starts an application with the audit log. It connects with `url`, which decides its database role. */
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
      AuditModule.forRoot({ cursorKey: 'a key of the specs, 32 characters' }),
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

/** Runs `work` in the context of a request that Alice sent. `own` overrides parts of the context. */
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
