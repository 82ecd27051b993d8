import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ApiSettings } from '../api.settings.js';

/** The settings, read once at start, for whoever asks for them. */
@Global()
@Module({})
export class SettingsModule {
  static with(settings: ApiSettings): DynamicModule {
    return { module: SettingsModule, providers: [{ provide: ApiSettings, useValue: settings }], exports: [ApiSettings] };
  }
}
