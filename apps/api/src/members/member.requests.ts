import { ROLES, type Role } from '@pikaia/contracts';
import { Description, IsText, IsVisibleText, OptionalField } from '@pikaia/core';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsObject } from 'class-validator';
import { ValidateItemsAlone } from '../server/request.pipe.js';
import { IsSendableEmail } from './email-key.js';

export const MAX_INVITATIONS = 100; // of one request, which is one transaction

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

@ValidateItemsAlone('invitations')
export class BulkInviteRequest {
  /** `BulkInviteSchema` describes the items. An item that is not a valid InviteRequest is refused alone. */
  @IsArray()
  @IsObject({ each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_INVITATIONS)
  invitations!: object[];
}

export class AcceptInvitationRequest {
  @Description('The token of the invitation link.')
  @IsText({ min: 1, max: 4096 })
  token!: string;
}

export class ChangeRoleRequest {
  @Description('The new role.')
  @IsIn(ROLES)
  role!: Role;
}

export class UpdateProfileRequest {
  @Description('The new name.')
  @IsVisibleText({ max: 200 })
  name!: string;
}

export class PermissionsRequest {
  @Description('The `X-Change-Token` of an earlier response. The response waits until the cache has seen that change.')
  @OptionalField()
  @IsText({ max: 4096 })
  after_change?: string;
}
