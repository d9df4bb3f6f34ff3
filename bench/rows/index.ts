import type { Row } from '../row.ts'
import { burst } from './burst.ts'
import { disconnectRows } from './disconnect.ts'
import { fastifyRow } from './fastify.ts'
import { firstToken } from './first-token.ts'
import { gatewayHop } from './gateway-hop.ts'
import { grpcRows } from './grpc.ts'
import { hundredStreams } from './hundred-streams.ts'
import { idleMemory } from './idle-memory.ts'
import { immediateHundred, immediateSingle } from './immediate.ts'
import { paced200, paced500 } from './paced.ts'
import { redisBytes } from './redis-bytes.ts'
import { redisCancel } from './redis-cancel.ts'
import { redisCommands, redisFast } from './redis-commands.ts'
import { redisCrash } from './redis-crash.ts'
import { redisFirstToken } from './redis-first-token.ts'
import { redisHop } from './redis-hop.ts'
import { redisPaced } from './redis-paced.ts'
import { redisResumeRows } from './redis-resume.ts'
import { resumeStorm } from './resume-storm.ts'
import { singleStream } from './single-stream.ts'
import { stalledReaders, stalledTokens } from './stalled-readers.ts'
import { thousandStreams } from './thousand-streams.ts'
import { vanishedPeer } from './vanished-peer.ts'
import { websocketRows } from './websocket.ts'
import { websocketOneSocket } from './websocket-one-socket.ts'
import { websocketStalled } from './websocket-stalled.ts'

/** Every row, in the order of the report. */
export const ROWS: readonly Row[] = [
  singleStream,
  hundredStreams,
  thousandStreams,
  immediateSingle,
  immediateHundred,
  burst,
  paced200,
  paced500,
  firstToken,
  idleMemory,
  stalledReaders,
  stalledTokens,
  ...disconnectRows,
  resumeStorm,
  fastifyRow,
  gatewayHop,
  redisCommands,
  redisFast,
  redisPaced,
  redisFirstToken,
  redisHop,
  ...redisResumeRows,
  redisCancel,
  redisCrash,
  redisBytes,
  ...websocketRows,
  websocketStalled,
  websocketOneSocket,
  ...grpcRows,
  vanishedPeer,
]
