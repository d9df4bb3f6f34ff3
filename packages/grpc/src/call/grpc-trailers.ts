import { create, toBinary } from '@bufbuild/protobuf'
import { anyPack } from '@bufbuild/protobuf/wkt'

import { StatusSchema } from '../gen/google/rpc/status_pb.ts'
import { type CallStatus, detailsOf } from '../message/status.ts'

const ENCODER = new TextEncoder()

/** What the end of a gRPC call carries: its status, and what else is known of it. */
export function grpcTrailers(status: CallStatus): Record<string, string> {
  const { code, message, reason, cursor } = status
  if (code === 0) return { 'grpc-status': '0' }
  const details = detailsOf(status).map(({ desc, value }) => anyPack(desc, value))
  const whole = toBinary(StatusSchema, create(StatusSchema, { code, message, details }))
  return {
    'grpc-status': String(code),
    'grpc-message': percentEncode(message),
    'grpc-status-details-bin': Buffer.from(whole).toString('base64').replace(/=+$/, ''),
    ...(reason !== undefined && { 'sluice-code': reason }),
    ...(cursor !== undefined && { 'sluice-cursor': cursor }),
  }
}

/** Printable ASCII as it is, every other byte of UTF-8 as gRPC writes it. */
function percentEncode(message: string): string {
  let encoded = ''
  for (const byte of ENCODER.encode(message)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}
