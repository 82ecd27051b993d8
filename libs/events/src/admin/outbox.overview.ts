import { Inject, Injectable } from '@nestjs/common';
import { redactValue, withTextMask } from '@pikaia/core';
import { DATA_SOURCE, outsideTransaction, queryJsonRows } from '@pikaia/database';
import type { DataSource } from 'typeorm';
import { personalMaskOf } from '../contract/personal-data.js';
import { OutboxStatus, type SinkStatus } from './outbox.status.js';
import {
  FAILURE_GROUPS,
  MAX_COUNTED_ATTEMPTS,
  MAX_COUNTED_EVENTS,
  MAX_GROUPED,
  MAX_GROUPS,
  MAX_SEARCHED_ATTEMPTS,
  MINUTES,
  ORGANIZATION_THROUGHPUT,
  THROUGHPUT,
} from './overview.sql.js';

/** What a sink accepted and refused in each of the last 60 minutes, the oldest first. The last minute is not complete. */
export interface SinkThroughput {
  readonly sink: string;
  readonly observer: boolean;
  readonly accepted: readonly number[];
  /** Null for a minute of which not all failed attempts were counted, because there are more than 50,000 after it began. */
  readonly failed_attempts: readonly (number | null)[];
}

/**
 * What an organization published and what failed in each of the last 60 minutes, the oldest first. The last minute is not complete. A
 * minute is null if not all of it was counted.
 */
export interface OrganizationThroughput {
  /** The beginning of the first minute. */
  readonly since: Date;
  /** The newest 50,000 events are counted. */
  readonly published: readonly (number | null)[];
  /** The failed attempts to deliver events of the organization, among the newest 2,000 of each sink. */
  readonly failed_attempts: readonly (number | null)[];
}

/** Failed or retried deliveries of one sink and event type whose last errors differ only in ids, numbers and quoted values. */
export interface FailureGroup {
  readonly sink: string;
  readonly status: 'failed' | 'retrying';
  readonly event_type: string;
  readonly fingerprint: string;
  readonly count: number;
  /** True if the sink has more deliveries of the status than were examined, so that there may be more than `count`. */
  readonly is_capped: boolean;
  /** The times at which the first and the last of the deliveries got their status. */
  readonly first_at: Date;
  readonly last_at: Date;
  /** The newest event of the group and its error, without the personal data of the event. */
  readonly example: { readonly event_id: string; readonly error: string };
}

export interface OutboxOverviewView {
  readonly sinks: readonly SinkStatus[];
  /** The beginning of the first of the 60 minutes. Null without a sink. */
  readonly since: Date | null;
  readonly throughput: readonly SinkThroughput[];
  /** At most 50, the largest first. */
  readonly failures: readonly FailureGroup[];
  /** True if there are more groups. */
  readonly has_more_failures: boolean;
}

/** The counts by the Unix time of their minute. A minute without a count is missing. */
type CountsByMinute = Readonly<Record<string, number>>;

interface ThroughputRow {
  readonly sink: string;
  readonly observer: boolean;
  readonly since: Date;
  readonly accepted: CountsByMinute;
  readonly failed: CountsByMinute;
  readonly counted_from: Date | null;
}

interface OrganizationRow {
  readonly since: Date;
  readonly published: CountsByMinute;
  readonly failed: CountsByMinute;
  readonly published_from: Date | null;
  readonly failed_from: Date | null;
}

type GroupRow = Omit<FailureGroup, 'is_capped' | 'example'> & {
  readonly capped: boolean;
  readonly event_id: string;
  readonly last_error: string;
  readonly payload: string | null;
};

/** Reports how the outbox is doing at a glance: sinks, the throughput of the last hour, and what fails. The cost is bounded. */
@Injectable()
export class OutboxOverview {
  private current: Promise<OutboxOverviewView> | undefined;
  private readonly ofOrganizations = new Map<string, Promise<OrganizationThroughput>>();

  constructor(
    @Inject(DATA_SOURCE) private readonly source: DataSource,
    @Inject(OutboxStatus) private readonly status: OutboxStatus,
  ) {}

  /** Calls that overlap share one result, so that many consoles that poll do not use up the connections of the process. */
  get(): Promise<OutboxOverviewView> {
    this.current ??= this.read().finally(() => (this.current = undefined));
    return this.current;
  }

  /** Counts the events of one organization. Overlapping calls share one result. */
  ofOrganization(organizationId: string): Promise<OrganizationThroughput> {
    const running = this.ofOrganizations.get(organizationId);
    if (running) return running;
    const reading = this.readOrganization(organizationId).finally(() => this.ofOrganizations.delete(organizationId));
    this.ofOrganizations.set(organizationId, reading);
    return reading;
  }

  private async readOrganization(organizationId: string): Promise<OrganizationThroughput> {
    const parameters = [organizationId, MAX_COUNTED_EVENTS, MAX_SEARCHED_ATTEMPTS];
    const dates = ['since', 'published_from', 'failed_from'] as const;
    const [row] = await outsideTransaction(() =>
      queryJsonRows<OrganizationRow>(this.source, ORGANIZATION_THROUGHPUT, parameters, dates),
    );
    const { since, published, failed, published_from: publishedFrom, failed_from: failedFrom } = row!;
    return {
      since,
      published: minutesOf(since, published, publishedFrom),
      failed_attempts: minutesOf(since, failed, failedFrom),
    };
  }

  private async read(): Promise<OutboxOverviewView> {
    const [sinks, throughput, groups] = await outsideTransaction(() =>
      Promise.all([
        this.status.sinks(),
        queryJsonRows<ThroughputRow>(this.source, THROUGHPUT, [MAX_COUNTED_ATTEMPTS], ['since', 'counted_from']),
        queryJsonRows<GroupRow>(this.source, FAILURE_GROUPS, [MAX_GROUPED + 1, MAX_GROUPS + 1], ['first_at', 'last_at']),
      ]),
    );
    return {
      sinks,
      since: throughput[0]?.since ?? null,
      throughput: throughput.map(sinkThroughput),
      failures: groups.slice(0, MAX_GROUPS).map(failureGroup),
      has_more_failures: groups.length > MAX_GROUPS,
    };
  }
}

function sinkThroughput({ sink, observer, since, accepted, failed, counted_from: countedFrom }: ThroughputRow): SinkThroughput {
  return {
    sink,
    observer,
    accepted: minutesOf(since, accepted, null).map((count) => count!),
    failed_attempts: minutesOf(since, failed, countedFrom),
  };
}

/** @param countedFrom the time before which not everything was counted. */
function minutesOf(since: Date, counts: CountsByMinute, countedFrom: Date | null): (number | null)[] {
  return Array.from({ length: MINUTES }, (_, index) => {
    const minute = since.getTime() / 1000 + index * 60;
    return countedFrom === null || minute * 1000 > countedFrom.getTime() ? (counts[minute] ?? 0) : null;
  });
}

function failureGroup({ capped, event_id, last_error, payload, ...group }: GroupRow): FailureGroup {
  const error = withTextMask(personalMaskOf(payload), () => redactValue(last_error));
  return { ...group, is_capped: capped, example: { event_id, error } };
}
