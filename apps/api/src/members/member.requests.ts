import { ROLES, type Role } from '@pikaia/contracts';
import { IsText, IsVisibleText, OptionalField } from '@pikaia/core';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn } from 'class-validator';
import { IsSendableEmail } from './email-key.js';

const MAX_INVITATIONS = 100; // of one request, which is one transaction

export class InviteRequest {
  @IsSendableEmail()
  email!: string;

  @OptionalField()
  @IsVisibleText({ max: 200 })
  name?: string;

  @IsIn(ROLES)
  role!: Role;
}

export class BulkInviteRequest {
  /** Each is validated like an InviteRequest. One that is not valid is refused alone. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_INVITATIONS)
  invitations!: unknown[];
}

export class AcceptInvitationRequest {
  /** The token of the invitation link. */
  @IsText({ min: 1, max: 4096 })
  token!: string;
}

export class ChangeRoleRequest {
  @IsIn(ROLES)
  role!: Role;
}

export class UpdateProfileRequest {
  @IsVisibleText({ max: 200 })
  name!: string;
}

export class PermissionsRequest {
  /** The `X-Change-Token` of an earlier response. The response waits until the cache has seen that change. */
  @OptionalField()
  @IsText({ max: 4096 })
  after_change?: string;
}
