import { MemberRoleChanged, MemberRoleChangedV2 } from '@pikaia/contracts';
import { Consumer, Handles } from '@pikaia/events';
import { getLogger } from '@pikaia/logging';
import { NotificationsModule } from '@pikaia/notifications';

/** A consumer of role changes. ROLE_LOG_VERSIONS names the versions that its code handles, such as 1,2. */
class RoleLog {
  async log({ event_id: id, schema_version: version }) {
    getLogger('role-log').info('role_change_seen', { seen_event: id, version });
  }
}
const contracts = { 1: MemberRoleChanged, 2: MemberRoleChangedV2 };
const { prototype } = RoleLog;
for (const version of process.env.ROLE_LOG_VERSIONS.split(','))
  Handles(contracts[version], { effect: 'database' })(prototype, 'log', Object.getOwnPropertyDescriptor(prototype, 'log'));
Consumer('role-log', { from: 'beginning' })(RoleLog);

const { forRoot } = NotificationsModule;
NotificationsModule.forRoot = (options) => {
  const module = forRoot.call(NotificationsModule, options);
  return { ...module, providers: [...module.providers, RoleLog] };
};
