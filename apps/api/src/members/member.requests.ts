import { ROLES, type Role } from '@pikaia/contracts';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';
import { IsSendableEmail } from './email-key.js';

export class InviteRequest {
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsSendableEmail()
  email!: string;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  @Matches(/^[^\p{Cc}]*$/u, { message: 'name must not hold control characters' })
  name?: string;

  @IsIn(ROLES)
  role!: Role;
}

export class ChangeRoleRequest {
  @IsIn(ROLES)
  role!: Role;
}
