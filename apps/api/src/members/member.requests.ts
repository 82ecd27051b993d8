import { ROLES, type Role } from '@pikaia/contracts';
import { IsText, IsVisibleText, OptionalField } from '@pikaia/core';
import { IsIn } from 'class-validator';
import { IsSendableEmail } from './email-key.js';

export class InviteRequest {
  @IsSendableEmail()
  email!: string;

  @OptionalField()
  @IsVisibleText({ max: 200 })
  name?: string;

  @IsIn(ROLES)
  role!: Role;
}

export class ChangeRoleRequest {
  @IsIn(ROLES)
  role!: Role;
}

export class PermissionsRequest {
  /** The `X-Change-Token` of an earlier response. The response waits until the cache has seen that change. */
  @OptionalField()
  @IsText({ max: 4096 })
  after_change?: string;
}
