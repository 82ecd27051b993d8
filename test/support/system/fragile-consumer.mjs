import { MemberInvited, MemberRoleChanged, MemberRoleChangedV2 } from '@pikaia/contracts';
import { Consumer, Handles } from '@pikaia/events';
import { getLogger } from '@pikaia/logging';
import { NotificationsModule } from '@pikaia/notifications';
import { existsSync, readFileSync } from 'node:fs';

/** A consumer whose only attempt fails while the file FRAGILE_FILE exists, which contains the error. */
class Fragile {
  async handle({ event_id: id }) {
    const file = process.env.FRAGILE_FILE;
    if (existsSync(file)) throw new Error(readFileSync(file, 'utf8'));
    getLogger('fragile').info('fragile_handled', { seen_event: id });
  }
}
const { prototype } = Fragile;
const method = Object.getOwnPropertyDescriptor(prototype, 'handle');
for (const contract of [MemberInvited, MemberRoleChanged, MemberRoleChangedV2])
  Handles(contract, { effect: 'database', maxAttempts: 1 })(prototype, 'handle', method);
Consumer('fragile', { from: 'beginning' })(Fragile);

const { forRoot } = NotificationsModule;
NotificationsModule.forRoot = (options) => {
  const module = forRoot.call(NotificationsModule, options);
  return { ...module, providers: [...module.providers, Fragile] };
};
