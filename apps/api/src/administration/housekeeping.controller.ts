import { Controller, Get } from '@nestjs/common';
import { HousekeepingPreview, type HousekeepingResult } from '@pikaia/events';
import { AllowedTo } from '../authentication/access.js';
import { Problem } from '../errors/problem.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { HousekeepingView } from './housekeeping.views.js';

const DAY_MS = 86_400_000;

/** Answers: what would be removed? */
@Controller('admin/outbox/housekeeping')
@AllowedTo('operator')
export class HousekeepingController {
  constructor(private readonly preview: HousekeepingPreview) {}

  @Get()
  @Endpoint({
    summary: 'Show the last run of housekeeping, and what a run would remove now',
    description: 'A dry run: removes nothing. The retentions are those of the worker that ran last.',
    responses: { 200: HousekeepingView },
    problems: ['not-found'],
  })
  async show() {
    const preview = await this.preview.get();
    if (!preview) throw Problem.notFound('No worker has run housekeeping yet. A worker does when it starts.');
    const { retention, last_run: last, next_run_at, expected } = preview;
    return {
      retention_days: {
        log: retention.logMs / DAY_MS,
        failed: retention.failedMs / DAY_MS,
        receipts: retention.receiptMs / DAY_MS,
      },
      last_run: { at: last.at, results: last.results.map(removal) },
      next_run_at,
      expected: expected.map((one) => ({ ...removal(one), is_capped: one.is_capped })),
    };
  }
}

const removal = ({ what, removed, unit, kept }: HousekeepingResult) => ({ what, removed, unit, kept: kept ?? null });
