import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from '@pikaia/audit';
import { DatabaseModule, type DatabaseSettings } from '@pikaia/database';
import { EventsModule } from '@pikaia/events';
import { ClsModule } from 'nestjs-cls';
import { Member } from '../members/member.entity.js';
import { MembershipChanges } from '../members/membership.changes.js';
import { User } from '../members/user.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import { FirstOrganization } from './first-organization.service.js';

/** The modules that the command needs. */
@Module({})
export class FirstOrganizationModule {
  static forRoot(database: DatabaseSettings): DynamicModule {
    return {
      module: FirstOrganizationModule,
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({
          settings: database,
          applicationName: 'pikaia-first-organization',
          entities: [Organization, User, Member],
        }),
        AuditModule.forRoot(),
        EventsModule.forRoot({ applicationName: 'pikaia-first-organization' }),
      ],
      providers: [FirstOrganization, MembershipChanges],
    };
  }
}
