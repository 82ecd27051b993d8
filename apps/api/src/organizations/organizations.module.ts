import { Module } from '@nestjs/common';
import { OrganizationCreation } from './organization-creation.service.js';
import { OrganizationController } from './organization.controller.js';
import { OrganizationService } from './organization.service.js';
import { OrganizationsController } from './organizations.controller.js';

@Module({
  controllers: [OrganizationController, OrganizationsController],
  providers: [OrganizationService, OrganizationCreation],
  exports: [OrganizationService],
})
export class OrganizationsModule {}
