import { ROLES, type Role } from '@pikaia/contracts';
import { IsText, OptionalField } from '@pikaia/core';
import { Transform } from 'class-transformer';
import { IsIn, Matches } from 'class-validator';
import { IsSendableEmail } from './email-key.js';

export class InviteRequest {
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsSendableEmail()
  email!: string;

  @OptionalField()
  @IsText({ min: 1, max: 200 })
  @Matches(/^[^\p{Cc}]*$/u, { message: 'name must not contain control characters' })
  name?: string;

  @IsIn(ROLES)
  role!: Role;
}

export class ChangeRoleRequest {
  @IsIn(ROLES)
  role!: Role;
}
