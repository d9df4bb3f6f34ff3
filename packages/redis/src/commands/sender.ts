import type { Json, StreamName } from '@sluice/core'

import { createInstanceId } from './begin-stream.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { nameOf, type Shop } from '../context/store-context.ts'

const MAX_INBOX_MESSAGES = 64
const MAX_INBOX_BYTES = 256 * 1024
const MAX_GRANTS = 1_000
/** How long what was sent is kept for a producer that does not take it. */
const KEPT_MS = 3_600_000

/** Sends to the producer of a stream, wherever it is: messages for its source, credit of its readers. */
export class Sender {
  readonly #shop: Shop
  /** With the number of a message it says which one it is, however often its command arrives. */
  readonly #name: string = createInstanceId()
  #sent = 0

  constructor(shop: Shop) {
    this.#shop = shop
  }

  /** `false`: the inbox is full, or there is no such stream. @throws SluiceError `SLUICE_ERR_STORE` */
  async send(stream: StreamName, message: Json): Promise<boolean> {
    const { link, names } = this.#shop
    const bounds = [MAX_INBOX_MESSAGES, MAX_INBOX_BYTES]
    const args = [JSON.stringify(message), ...bounds, names.instances, KEPT_MS, nameOf(stream)]
    const keys = [names.meta(stream), names.inbox(stream)]
    return (await link.run(SCRIPTS.send, keys, [...args, this.#name, ++this.#sent])) === 'ok'
  }

  /** How many other processes were told, at least. @throws SluiceError `SLUICE_ERR_STORE` */
  async grant(stream: StreamName, reader: string, seq: number): Promise<number> {
    const { link, names } = this.#shop
    const notice = JSON.stringify({ about: 'grant', tenant: stream.tenant, id: stream.id, reader, seq })
    const keys = [names.meta(stream), names.grants(stream)]
    const args = [reader, seq, MAX_GRANTS, names.channel(stream), names.instances, KEPT_MS, notice]
    // This process is told too, of what it follows.
    return Math.max(0, Number(await link.run(SCRIPTS.grant, keys, args)) - 1)
  }
}
