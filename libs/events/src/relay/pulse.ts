/**
 * The only place where a relay waits: for a while, or until somebody wakes it. A wake that comes between two waits is
 * kept, so none is lost.
 */
export class Pulse {
  private woken = false;
  private resolve: (() => void) | undefined;

  wake(): void {
    this.woken = true;
    this.resolve?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.woken && ms > 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.resolve = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
      this.resolve = undefined;
    }
    this.woken = false;
  }
}
