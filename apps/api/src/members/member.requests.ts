import { ROLES, type Role } from '@pikaia/contracts';
import { IsVisibleText, OptionalField } from '@pikaia/core';
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
