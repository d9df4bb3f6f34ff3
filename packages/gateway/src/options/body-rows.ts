import { type BodyLimits, DEFAULT_GATEWAY_OPTIONS as DEFAULTS } from './gateway-options.ts'
import { count, duration, type OptionRows, size } from './option-row.ts'

const HOUR_MS = 3_600_000
const MIB = 1024 * 1024

/** Every limit of what a request brings, and of what is collected to one body, in the order of the help. */
export const BODY_ROWS: OptionRows<BodyLimits> = {
  maxBodyBytes: size({
    flag: '--max-body-bytes',
    min: 1024,
    max: 1024 * MIB,
    example: DEFAULTS.maxBodyBytes,
    help: 'Largest request body on the routes of streams; what is passed on is not held, and has no bound',
  }),
  grpcMessageBytes: size({
    flag: '--grpc-message-bytes',
    min: 1024,
    max: 64 * MIB,
    example: DEFAULTS.grpcMessageBytes,
    help: 'Largest message over gRPC, gRPC-Web and Connect; it is decoded in one step, in which nobody else is served',
  }),
  grpcMessageMembers: count({
    flag: '--grpc-message-members',
    min: 1,
    max: 10_000_000,
    example: DEFAULTS.grpcMessageMembers,
    help: 'Members of objects and elements of lists in one such message; each takes a microsecond of that step',
  }),
  bodyTotalBytes: size({
    flag: '--body-total-bytes',
    min: 1024,
    max: 2 ** 40,
    example: DEFAULTS.bodyTotalBytes,
    help: 'What all request bodies together may hold that are being received; the largest has to go',
  }),
  bodyGraceMs: duration({
    flag: '--body-grace-ms',
    min: 1,
    max: HOUR_MS,
    example: DEFAULTS.bodyGraceMs,
    help: 'How long a request body may take however slowly it comes',
  }),
  bodyBytesPerSecond: count({
    flag: '--body-bytes-per-second',
    min: 1,
    max: 2 ** 30,
    example: DEFAULTS.bodyBytesPerSecond,
    help: 'What a request body must have brought a second once that is over',
  }),
  jsonMembers: count({
    flag: '--json-members',
    min: 1,
    max: 100_000_000,
    example: DEFAULTS.jsonMembers,
    help: 'Names and elements that the JSON of a request may have',
  }),
  jsonNames: count({
    flag: '--json-names',
    min: 1,
    max: 100_000_000,
    example: DEFAULTS.jsonNames,
    help: 'Names that one object in it may have',
  }),
  maxJsonBytes: size({
    flag: '--max-json-bytes',
    min: 1024,
    max: 1024 * MIB,
    example: DEFAULTS.maxJsonBytes,
    help: 'Largest answer that is collected to one body for a client that does not stream',
  }),
  maxHeaderBytes: size({
    flag: '--max-header-bytes',
    min: 1024,
    max: MIB,
    example: DEFAULTS.maxHeaderBytes,
    help: 'Largest head of a request',
  }),
}
