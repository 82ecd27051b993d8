import { Module } from '@nestjs/common';
import { MembershipChanges } from '../members/membership.changes.js';
import { OrganizationCreation } from './organization-creation.service.js';
import { OrganizationController } from './organization.controller.js';
import { OrganizationService } from './organization.service.js';
import { OrganizationsController } from './organizations.controller.js';

@Module({
  controllers: [OrganizationController, OrganizationsController],
  providers: [OrganizationService, OrganizationCreation, MembershipChanges],
  exports: [OrganizationService, MembershipChanges],
})
export class OrganizationsModule {}
