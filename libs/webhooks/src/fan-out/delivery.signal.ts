import { Injectable } from '@nestjs/common';

/** Tells the sending loop of this process that there are new deliveries. The loops of other processes find them by polling. */
@Injectable()
export class DeliverySignal {
  private listener: (() => void) | undefined;

  listen(listener: () => void): void {
    this.listener = listener;
  }

  notify(): void {
    this.listener?.();
  }
}
