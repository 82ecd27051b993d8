import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ApiSettings } from '../api.settings.js';

/** Provides the settings, which are read once at startup. */
@Global()
@Module({})
export class SettingsModule {
  static forRoot(settings: ApiSettings): DynamicModule {
    return { module: SettingsModule, providers: [{ provide: ApiSettings, useValue: settings }], exports: [ApiSettings] };
  }
}
