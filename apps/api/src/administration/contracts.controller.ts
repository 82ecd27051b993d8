import { Controller, Get, Query } from '@nestjs/common';
import { AllowedTo } from '../authentication/access.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { PageRequest } from '../server/page.request.js';
import { ContractsService } from './contracts.service.js';
import { ContractPage } from './contracts.views.js';

/** Answers: what do we promise others? */
@Controller('admin/contracts')
@AllowedTo('admin', 'operator')
export class ContractsController {
  constructor(private readonly contracts: ContractsService) {}

  @Get()
  @Endpoint({
    summary: 'List event types with their contracts',
    description: 'The versions, schemas and examples of each event type, who publishes it, and which sinks receive it.',
    responses: { 200: ContractPage },
  })
  list(@Query() page: PageRequest) {
    return this.contracts.list(page);
  }
}
