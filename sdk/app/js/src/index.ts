export { AppClient, type Device, type PushProvider } from './app-client.js';
export {
  ChatClient,
  type ChatChange,
  type ChatClientOptions,
  type ChatMessage,
  type Identity,
  type Standing,
} from './chat-client.js';
export type { SocketLike, SocketStatus } from './live-socket.js';
export { safeStorage, type KeyValue } from './outbox.js';
export type { Attachment, Author, Button, Card, ConversationState } from './protocol.js';
export { UploadError } from './upload.js';
