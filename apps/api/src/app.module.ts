import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from '@pikaia/audit';
import { DatabaseModule, type DatabaseSettings } from '@pikaia/database';
import { EventsModule, OutboxAdminModule } from '@pikaia/events';
import { LoggingModule, type LoggingModuleOptions } from '@pikaia/logging';
import { CONSUMERS, consumersIn } from '@pikaia/reactions';
import { webhookDeliveriesRows, WebhookEndpoint } from '@pikaia/webhooks';
import { ClsModule } from 'nestjs-cls';
import { AdministrationModule } from './administration/administration.module.js';
import { AuditedOperations } from './administration/audited-operations.js';
import type { LoadedApiSettings } from './api.settings.js';
import { AuthenticationModule } from './authentication/authentication.module.js';
import { BillingModule } from './billing/billing.module.js';
import { Subscription } from './billing/subscription.entity.js';
import { ConsoleModule } from './console/console.module.js';
import { HealthModule } from './health/health.module.js';
import { IdentityModule } from './identity/identity.module.js';
import { Member } from './members/member.entity.js';
import { MembersModule } from './members/members.module.js';
import { User } from './members/user.entity.js';
import { OpenApiModule } from './openapi/openapi.module.js';
import { Organization } from './organizations/organization.entity.js';
import { OrganizationsModule } from './organizations/organizations.module.js';
import { ServerModule } from './server/server.module.js';
import { SettingsModule } from './server/settings.module.js';
import { WebhookEndpointsModule } from './webhook-endpoints/webhook-endpoints.module.js';

export interface AppSettings {
  readonly logging: LoggingModuleOptions;
  readonly api: LoadedApiSettings;
  readonly database: DatabaseSettings;
}

@Module({})
export class AppModule {
  static forRoot({ logging, api, database }: AppSettings): DynamicModule {
    const [{ cursorKey, trustedProxies }, , sessions, , , , webConsole] = api;
    return {
      module: AppModule,
      imports: [
        ClsModule.forRoot({ global: true }),
        SettingsModule.forRoot(api),
        LoggingModule.forRoot({ ...logging, trustedProxies }),
        DatabaseModule.forRoot({
          settings: database,
          applicationName: 'pikaia-api',
          entities: [Organization, User, Member, Subscription, WebhookEndpoint],
        }),
        EventsModule.forRoot({
          tokenKey: cursorKey,
          queueConsumers: consumersIn('lambda', CONSUMERS).map(({ consumer }) => consumer),
        }),
        AuditModule.forRoot({ cursorKey }),
        OutboxAdminModule.forRoot({ audit: AuditedOperations, cursorKey, housekeepingRows: webhookDeliveriesRows }),
        ServerModule,
        AuthenticationModule,
        HealthModule,
        OrganizationsModule,
        MembersModule,
        BillingModule,
        IdentityModule,
        WebhookEndpointsModule,
        AdministrationModule,
        OpenApiModule,
        ...(webConsole.isOn ? [ConsoleModule.forRoot(sessions, database)] : []),
      ],
    };
  }
}
