import type { Row } from '../trials/row.ts'
import { burst } from './burst.ts'
import { disconnectRows } from './disconnect.ts'
import { fastifyRow } from './fastify.ts'
import { firstToken } from './first-token.ts'
import { gatewayHop } from './gateway-hop.ts'
import { grpcRows } from './socket/grpc.ts'
import { hundredStreams } from './hundred-streams.ts'
import { idleMemory } from './idle-memory.ts'
import { immediateHundred, immediateSingle } from './immediate.ts'
import { paced200, paced500 } from './paced.ts'
import { redisBytes } from './redis/redis-bytes.ts'
import { redisCancel } from './redis/redis-cancel.ts'
import { redisCommands, redisFast } from './redis/redis-commands.ts'
import { redisCrash } from './redis/redis-crash.ts'
import { redisFirstToken } from './redis/redis-first-token.ts'
import { redisHop } from './redis/redis-hop.ts'
import { redisPaced } from './redis/redis-paced.ts'
import { redisResumeRows } from './redis/redis-resume.ts'
import { resumeStorm } from './resume-storm.ts'
import { singleStream } from './single-stream.ts'
import { stalledReaders, stalledTokens } from './stalled-readers.ts'
import { thousandStreams } from './thousand-streams.ts'
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
