import type { Json } from '@sluice/core'
import type { StreamName } from '@sluice/core/extend'

import { createInstanceId } from '../context/instance-id.ts'
import type { StoreContext } from '../context/store-context.ts'
import { grantNotice, nameOf } from '../protocol/notice.ts'
import { numberIn } from '../protocol/replies.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { toStoredJson } from '../protocol/stored-json.ts'

const MAX_INBOX_MESSAGES = 64
const MAX_INBOX_BYTES = 256 * 1024
export const MAX_GRANTS = 1_000
/** How long what was sent is kept for a producer that does not take it. */
const KEPT_MS = 3_600_000

/** Sends to the producer of a stream, wherever it is: messages for its source, credit of its readers. */
export class Sender {
  readonly #context: StoreContext
  /** With the number of a message it identifies that message, however often its command arrives. */
  readonly #id: string = createInstanceId()
  #sent = 0
  /** The latest message to each stream that is under way. */
  readonly #latest: Map<string, Promise<unknown>> = new Map()

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** `false`: the inbox is full, or there is no such stream. @throws SluiceError `SLUICE_ERR_STORE` */
  send(stream: StreamName, message: Json): Promise<boolean> {
    // One after the other: one that Redis makes us send again must not be overtaken, or its number passes for a repetition.
    const name = nameOf(stream)
    const sending = (this.#latest.get(name) ?? Promise.resolve()).then(() => this.#send(stream, message))
    const settled = sending.then(ignore, ignore)
    this.#latest.set(name, settled)
    void settled.then(() => this.#latest.get(name) === settled && this.#latest.delete(name))
    return sending
  }

  async #send(stream: StreamName, message: Json): Promise<boolean> {
    const { connection, keys } = this.#context
    const bounds = [MAX_INBOX_MESSAGES, MAX_INBOX_BYTES]
    const args = [toStoredJson(message), ...bounds, keys.instances, KEPT_MS, nameOf(stream)]
    const recordKeys = [keys.meta(stream), keys.inbox(stream)]
    return (await connection.run(SCRIPTS.send, recordKeys, [...args, this.#id, ++this.#sent])) === 'ok'
  }

  /** How many other processes have received the grant, at least. @throws SluiceError `SLUICE_ERR_STORE` */
  async grant(stream: StreamName, reader: string, seq: number): Promise<number> {
    const { connection, keys } = this.#context
    const recordKeys = [keys.meta(stream), keys.grants(stream)]
    const args = [
      reader,
      seq,
      MAX_GRANTS,
      keys.channel(stream),
      keys.instances,
      KEPT_MS,
      grantNotice(stream, reader, seq),
    ]
    // This process receives it too, for the streams that it follows or produces.
    return Math.max(0, numberIn(await connection.run(SCRIPTS.grant, recordKeys, args)) - 1)
  }
}

function ignore(): void {}
