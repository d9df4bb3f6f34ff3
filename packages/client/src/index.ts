export { type AttachOptions, attach, type ClientRef } from './stream/attach.ts'
export type { ClientHeaders, ClientOptions, ClientWishes } from './stream/client-options.ts'
export { type ClientAck, ClientStream } from './stream/client-stream.ts'
export type { Bookmark } from './stream/bookmark.ts'
export type { Reading } from './stream/reading.ts'
export { start, type StartOptions } from './stream/start.ts'
export type { LinkInput, Refusal, StreamStatus } from './machine/resume-input.ts'
export type { Environment } from './clock/environment.ts'
export { DEFAULT_RESUME_OPTIONS, type ResolvedResumeOptions, type ResumeOptions } from './machine/resume-options.ts'
export {
  type BufferOptions,
  DEFAULT_BUFFER_OPTIONS,
  type OnOverflow,
  type ResolvedBufferOptions,
} from './buffer/buffer-options.ts'
export type { ClientEvent, Skipped } from './buffer/event-ring.ts'
export { paint, type Painting, paintOn, type PaintOptions } from './paint/paint.ts'
export type { PaintPage } from './paint/page.ts'
export { framePressure, type PaintPressure } from './paint/frame-pressure.ts'
export type { PaintTarget } from './paint/text-target.ts'
export { ClientError, type ClientErrorOptions } from './errors/client-error.ts'
export { connect, type ConnectOptions } from './link/connect/connect-link.ts'
export { fallback, type FallbackOptions } from './link/fallback.ts'
export { openAiSse } from './link/open-ai-link.ts'
export { longPoll } from './link/poll-link.ts'
export { hybrid, type HybridOptions } from './link/control/hybrid-link.ts'
export { type ConnectionFacts, measured, type MeasuredOptions } from './link/control/measured.ts'
export type { WebSocketOptions } from './link/socket-options.ts'
export { webSocket } from './link/web-socket-link.ts'
export { sse } from './link/sse-link.ts'
export type { WayStorage } from './link/way-memory.ts'
export type {
  ControlOutcome,
  ControlRequest,
  Link,
  LinkListener,
  LinkRequest,
  StreamFacts,
  Transport,
  Way,
} from './link/link.ts'
