import { Injectable } from '@nestjs/common';
import { Audit } from '@pikaia/audit';
import { context } from '@pikaia/core';
import { getLogger, metric } from '@pikaia/logging';
import { Problem } from '../errors/problem.js';
import { toProblem } from '../errors/problem.filter.js';
import { ProcessedWebhooks } from './processed-webhooks.js';
import type { SignedRequest } from './webhook.decorator.js';
import { webhookMetrics } from './webhook.metrics.js';
import { WebhookRefusedError, type WebhookEvent, type WebhookOutcome, type WebhookSource } from './webhook.source.js';

const logger = getLogger('webhooks');
const MAX_FETCHES = 3; // of the current state, for one delivery; then the provider retries

/** Thrown to roll back a transaction whose handler needs the current state at the provider. */
class CurrentStateNeeded extends Error {}

/** Verifies a delivery, applies its event once, and counts the outcome. */
@Injectable()
export class WebhookReceiver {
  constructor(
    private readonly processed: ProcessedWebhooks,
    private readonly audit: Audit,
  ) {}

  /**
   * Handles one delivery. Whatever the provider must not send again ends normally: an event that was handled or ignored, and a
   * duplicate.
   *
   * @throws Problem 404 if the source is not configured; 400 if the signature is refused. The log has the reason; the response does not.
   * @throws an error with status 500 or 503 if the event could not be handled, so that the provider delivers it again.
   */
  async receive<Event extends WebhookEvent, Current>(
    source: WebhookSource<Event, Current>,
    request: SignedRequest,
  ): Promise<{ readonly outcome: WebhookOutcome }> {
    if (!source.isConfigured) throw Problem.notFound('This webhook is not configured.');
    const event = await verify(source, request);
    context.bind({ actor: Object.freeze({ type: 'system', id: source.name }) });
    const fields = { 'webhook.source': source.name, 'webhook.id': event.id, 'webhook.type': event.type };
    try {
      const outcome = await this.process(source, event);
      if (outcome !== 'handled') this.audit.nothingToRecord(outcome === 'duplicate' ? 'duplicate' : 'unchanged');
      metric(metricOf(outcome), 1, { source: source.name });
      logger.info('webhook_processed', { ...fields, 'webhook.outcome': outcome });
      return { outcome };
    } catch (error) {
      metric(webhookMetrics.failed, 1, { source: source.name });
      logger.error('webhook_failed', fields); // the filter logs the error, with the same correlation id
      // A provider could take a status below 500 as final.
      throw toProblem(error).status >= 500 ? error : new Error('The webhook could not be handled.', { cause: error });
    }
  }

  private async process<Event extends WebhookEvent, Current>(
    source: WebhookSource<Event, Current>,
    event: Event,
  ): Promise<WebhookOutcome> {
    let current: Current | undefined;
    for (let fetches = 0; ; fetches++) {
      try {
        return await this.processOnce(source, event, current);
      } catch (error) {
        if (!(error instanceof CurrentStateNeeded) || !source.fetchCurrent || fetches === MAX_FETCHES) throw error;
        current = await source.fetchCurrent(event);
      }
    }
  }

  private processOnce<Event extends WebhookEvent, Current>(
    source: WebhookSource<Event, Current>,
    event: Event,
    current?: Current,
  ): Promise<WebhookOutcome> {
    return this.processed.once(source.name, event, async () => {
      const outcome = await source.handle(event, current);
      if (outcome === 'current') throw new CurrentStateNeeded(`The event ${event.id} needs the current state.`);
      return outcome;
    });
  }
}

async function verify<Event extends WebhookEvent>(source: WebhookSource<Event, unknown>, request: SignedRequest): Promise<Event> {
  try {
    return await source.verify(request);
  } catch (error) {
    if (!(error instanceof WebhookRefusedError)) throw error;
    metric(webhookMetrics.refused, 1, { source: source.name });
    logger.warning('webhook_refused', {
      'webhook.source': source.name,
      'webhook.reason': error.reason,
      'webhook.bytes': request.body.length,
    });
    throw Problem.badRequest('The signature of the webhook is not valid.', { cause: error });
  }
}

function metricOf(outcome: WebhookOutcome) {
  if (outcome === 'handled') return webhookMetrics.handled;
  return outcome === 'duplicate' ? webhookMetrics.duplicate : webhookMetrics.ignored;
}
