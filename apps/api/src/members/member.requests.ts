import { ROLES, type Role } from '@pikaia/contracts';
import { Description, IsText, IsVisibleText, OptionalField } from '@pikaia/core';
import { IsIn } from 'class-validator';
import { IsSendableEmail } from './email-key.js';

export class InviteRequest {
  @Description('Mail must be able to reach the address. White space around it is removed.')
  @IsSendableEmail()
  email!: string;

  @Description('The name of the person. If absent, a pending invitation keeps its name.')
  @OptionalField()
  @IsVisibleText({ max: 200 })
  name?: string;

  @Description('The role that the person will have.')
  @IsIn(ROLES)
  role!: Role;
}

export class ChangeRoleRequest {
  @Description('The new role.')
  @IsIn(ROLES)
  role!: Role;
}

export class PermissionsRequest {
  @Description('The `X-Change-Token` of an earlier response. The response waits until the cache has seen that change.')
  @OptionalField()
  @IsText({ max: 4096 })
  after_change?: string;
}
