/**
 * The chat inside an app that may sleep: says what it has got, so that the hub wakes the device for what it has not, and
 * registers the device for that.
 */

import { ChatClient, type ChatClientOptions } from './chat-client.js';

export type PushProvider = 'apns' | 'fcm' | 'jpush' | 'getui';

/** Where this device is woken. */
export interface Device {
  provider: PushProvider;
  /** Device token (APNs), registration token (FCM), registration id (JPush) or client id (Getui). */
  token: string;
  /** Built for APNs' sandbox, as debug builds of Xcode are. */
  sandbox?: boolean;
}

export class AppClient extends ChatClient {
  private device: Device | null = null;
  private registered = '';

  constructor(options: Omit<ChatClientOptions, 'receipts'>) {
    super({ ...options, receipts: true });
    this.onChange((change) => {
      if (change === 'status' && this.status === 'online') void this.register().catch(() => undefined);
    });
  }

  /** Call it at every start of the app and whenever the platform gives another token; sent once there is a visitor. */
  setDevice(device: Device): void {
    this.device = device;
    if (this.status === 'online') void this.register().catch(() => undefined);
  }

  /**
   * The user has logged out: this device is woken no more, and nothing of the conversation stays on it. False when the hub
   * could not be told; it then forgets the device when the next user registers it.
   */
  async logout(): Promise<boolean> {
    let told = true;
    if (this.device && this.token) {
      try {
        await this.call('DELETE', `api/v1/visitor/device?provider=${this.device.provider}&token=${encodeURIComponent(this.device.token)}`);
      } catch {
        told = false;
      }
    }
    this.registered = '';
    this.forget();
    return told;
  }

  private async register(): Promise<void> {
    if (!this.device || !this.token) return;
    const body = JSON.stringify({
      ...this.device,
      language: this.language,
      utc_offset: -new Date().getTimezoneOffset(),
    });
    const key = `${this.token} ${body}`;
    if (key === this.registered) return;
    await this.call('PUT', 'api/v1/visitor/device', body);
    this.registered = key;
  }
}
