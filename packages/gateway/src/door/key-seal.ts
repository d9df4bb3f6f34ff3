import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
/** A longer key is left out: header lines have their limits. Only the gateway that it was shown to knows it then. */
const MAX_KEY_BYTES = 4_096
const PURPOSE = 'sluice.ticket.key.1'

/** Puts a key after a ticket, readable for nobody without the secret, and takes it off again. */
export interface KeySeal {
  put(ticket: string, key: string): string
  /** The ticket alone, and its key, if it has one; nothing for a ticket whose key was not put there for this very ticket. */
  take(sealed: string): { ticket: string; key: string | undefined } | undefined
}

/** AES-256-GCM with a key of its own that is derived from `secret`; each sealed key is bound to its ticket. */
export function createKeySeal(secret: string): KeySeal {
  const cipherKey = new Uint8Array(hkdfSync('sha256', secret, '', PURPOSE, 32))
  return {
    put(ticket, key) {
      if (Buffer.byteLength(key) > MAX_KEY_BYTES) return ticket
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(CIPHER, cipherKey, iv).setAAD(Buffer.from(ticket))
      const bytes = Buffer.concat([iv, cipher.update(key, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${ticket}.${bytes.toString('base64url')}`
    },
    take(sealed) {
      const [payload = '', signature, box, ...rest] = sealed.split('.')
      if (rest.length > 0) return undefined
      if (box === undefined) return { ticket: sealed, key: undefined }
      const ticket = `${payload}.${signature}`
      const key = open(cipherKey, ticket, Buffer.from(box, 'base64url'))
      return key === undefined ? undefined : { ticket, key }
    },
  }
}

function open(cipherKey: Uint8Array, ticket: string, bytes: Buffer): string | undefined {
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv(CIPHER, cipherKey, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(ticket)).setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}
