import { Setting } from '@pikaia/core';
import { IsBoolean } from 'class-validator';

/** Settings of the sink `log`. */
export class LogSinkSettings {
  @Setting('EVENT_LOG_DATA', {
    about: 'log: true adds the data of the event to each record, with personal values masked',
    default: 'false',
  })
  @IsBoolean()
  eventLogData!: boolean;
}
