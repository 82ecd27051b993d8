import { isProduction, OptionalField, Setting } from '@pikaia/core';
import { IsIn } from 'class-validator';

/** The web console. */
export class ConsoleSettings {
  @Setting('CONSOLE', {
    about: 'on or off: whether the api serves the web console at /console; default off in production, on elsewhere',
  })
  @OptionalField()
  @IsIn(['on', 'off'])
  console?: 'on' | 'off';

  get isOn(): boolean {
    return (this.console ?? (isProduction() ? 'off' : 'on')) === 'on';
  }
}
