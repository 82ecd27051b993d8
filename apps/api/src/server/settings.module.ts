import { type DynamicModule, Global, Module } from '@nestjs/common';
import { API_SETTINGS, type LoadedApiSettings } from '../api.settings.js';

/** Provides the settings, which are read once at startup. */
@Global()
@Module({})
export class SettingsModule {
  static forRoot(settings: LoadedApiSettings): DynamicModule {
    const providers = API_SETTINGS.map((provide, index) => ({ provide, useValue: settings[index] }));
    return { module: SettingsModule, providers, exports: [...API_SETTINGS] };
  }
}
