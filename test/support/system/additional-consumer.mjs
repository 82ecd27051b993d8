import { MemberInvited, MemberRoleChanged, MemberRoleChangedV2 } from '@pikaia/contracts';
import { Consumer, Handles } from '@pikaia/events';
import { NotificationsModule } from '@pikaia/notifications';

/** A second consumer of the example. Preloaded into each worker of the tests, because an application adds consumers. */
class MemberCounter {
  async count() {}
}
const { prototype } = MemberCounter;
const method = Object.getOwnPropertyDescriptor(prototype, 'count');
for (const contract of [MemberInvited, MemberRoleChanged, MemberRoleChangedV2])
  Handles(contract, { effect: 'database' })(prototype, 'count', method);
Consumer('member-counter', { from: 'beginning' })(MemberCounter);

const { forRoot } = NotificationsModule;
NotificationsModule.forRoot = (options) => {
  const module = forRoot.call(NotificationsModule, options);
  return { ...module, providers: [...module.providers, MemberCounter] };
};
