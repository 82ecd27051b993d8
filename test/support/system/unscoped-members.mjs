// Preloaded into an api of a test: the service finds a member of any organization, as if its condition were forgotten.
import { currentManager } from '@pikaia/database';
import { Member } from '../../../apps/api/dist/members/member.entity.js';
import { MemberService } from '../../../apps/api/dist/members/member.service.js';

MemberService.prototype.get = (_organizationId, id) =>
  currentManager().findOneOrFail(Member, { where: { id }, relations: { user: true } });
