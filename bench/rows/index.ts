import type { Row } from '../trials/row.ts'
import { batchBeside } from './batch/beside.ts'
import { batchEta } from './batch/eta.ts'
import { batchLines } from './batch/lines.ts'
import { behindTheWindow } from './http/behind-the-window.ts'
import { burst } from './http/burst.ts'
import { disconnectRows } from './http/disconnect.ts'
import { frameworkRows } from './http/frameworks.ts'
import { firstToken } from './http/first-token.ts'
import { gatewayHops } from './http/gateway-hop.ts'
import { grpcRows } from './socket/grpc.ts'
import { hundredStreams } from './http/hundred-streams.ts'
import { idleMemory } from './http/idle-memory.ts'
import { immediateHundred, immediateSingle } from './http/immediate.ts'
import { paced200, paced500 } from './http/paced.ts'
import { redisBytes } from './redis/redis-bytes.ts'
import { redisCancel } from './redis/redis-cancel.ts'
import { redisCommands, redisFast } from './redis/redis-commands.ts'
import { redisCrash } from './redis/redis-crash.ts'
import { redisFirstToken } from './redis/redis-first-token.ts'
import { redisHop } from './redis/redis-hop.ts'
import { redisPaced } from './redis/redis-paced.ts'
import { redisResumeRows } from './redis/redis-resume.ts'
import { resumeStorm } from './http/resume-storm.ts'
import { singleStream } from './http/single-stream.ts'
import { stalledReaders, stalledTokens } from './http/stalled-readers.ts'
import { thousandStreams } from './http/thousand-streams.ts'
import { paintRows } from './pages/paint.ts'
import { slowedPage } from './pages/slowed.ts'
import { sqliteStart, sqliteTokens } from './steps/directory.ts'
import { jobsOverhead } from './steps/jobs.ts'
import { longestStep } from './steps/longest-step.ts'
import { largestBody } from './steps/largest-body.ts'
import { uiMessageRows } from './wires/ui-messages.ts'
import { codecRow } from './wires/codecs.ts'
import { clientMemory } from './versus/client-memory.ts'
import { gateways } from './versus/gateways.ts'
import { loadSweep } from './versus/load-sweep.ts'
import { peerRows } from './versus/peer-rows.ts'
import { serverMemory } from './versus/server-memory.ts'
import { vanishedPeer } from './socket/vanished-peer.ts'
import { websocketRows } from './socket/websocket.ts'
import { websocketOneSocket } from './socket/websocket-one-socket.ts'
import { websocketStalled } from './socket/websocket-stalled.ts'

/** Every row, in the order of the report. */
export const ROWS: readonly Row[] = [
  singleStream,
  hundredStreams,
  thousandStreams,
  immediateSingle,
  immediateHundred,
  burst,
  behindTheWindow,
  paced200,
  paced500,
  firstToken,
  idleMemory,
  stalledReaders,
  stalledTokens,
  ...disconnectRows,
  resumeStorm,
  ...frameworkRows,
  ...gatewayHops,
  ...uiMessageRows,
  codecRow,
  redisCommands,
  redisFast,
  redisPaced,
  redisFirstToken,
  redisHop,
  ...redisResumeRows,
  redisCancel,
  redisCrash,
  redisBytes,
  sqliteTokens,
  sqliteStart,
  jobsOverhead,
  ...websocketRows,
  websocketStalled,
  websocketOneSocket,
  ...grpcRows,
  vanishedPeer,
  longestStep,
  largestBody,
  batchEta,
  batchLines,
  batchBeside,
  ...paintRows,
  slowedPage,
  ...loadSweep,
  serverMemory,
  clientMemory,
  ...peerRows,
  gateways,
]
