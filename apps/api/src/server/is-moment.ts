import { applyDecorators } from '@nestjs/common';
import { IsISO8601, Matches } from 'class-validator';

const MOMENT = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;
const moment = { message: '$property must be a timestamp with a time zone, such as 2026-01-31T08:30:00.000Z' };

/** Accepts a timestamp with date, time and zone. ISO 8601 has other forms that PostgreSQL does not accept. */
export const IsMoment = (): PropertyDecorator => applyDecorators(IsISO8601({ strict: true }, moment), Matches(MOMENT, moment));
