import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js'

import { within } from '@sluice/testing/patience'

import { type Client, connect, type Message, type Rig, startRig, summary } from './rig.ts'

/** A session whose answers are kept, and can be waited for. */
export class Talk {
  readonly call: ClientDuplexStream<object, Message>
  readonly answers: Message[] = []
  readonly status: Promise<StatusObject>
  #looking: (() => void)[] = []

  constructor(client: Client) {
    const open = client['Session'] as unknown as () => ClientDuplexStream<object, Message>
    this.call = open.call(client)
    this.call.on('data', (answer: Message) => {
      this.answers.push(answer)
      for (const look of this.#looking.splice(0)) look()
    })
    this.call.on('error', () => {})
    this.status = new Promise((resolve) => this.call.on('status', resolve))
  }

  of(stream: number): Message[] {
    return this.answers.filter((answer) => Number(answer['stream']) === stream)
  }

  text(stream: number): string {
    return summary(this.of(stream)).text
  }

  over(stream: number): Promise<Message> {
    return this.#when(() => this.of(stream).find((answer) => answer['over'])?.['over'])
  }

  refused(stream: number): Promise<Message> {
    return this.#when(() => this.of(stream).find((answer) => answer['refused'])?.['refused'])
  }

  async said(stream: number, text: string): Promise<void> {
    await this.#when(() => (this.text(stream) === text ? true : undefined))
  }

  cancelled(stream: number): Promise<Message> {
    return this.#when(() => this.of(stream).find((answer) => answer['cancelled'])?.['cancelled'])
  }

  async #when<Value>(look: () => Value | undefined): Promise<Value> {
    for (;;) {
      const found = look()
      if (found) return found
      const more = new Promise<void>((resolve) => this.#looking.push(resolve))
      // Fails with what was heard, where the runner would only say that time is over.
      await within(more, () => `anything more; heard only ${JSON.stringify(this.answers.slice(-5)).slice(0, 2_000)}`)
    }
  }
}

const cleanups: (() => unknown)[] = []

/** Ends what {@link talkTo} began. */
export async function endTalks(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
}

/** A server, and a session with it. */
export async function talkTo(...given: Parameters<typeof startRig>): Promise<Rig & { client: Client; talk: Talk }> {
  const rig = await startRig(...given)
  const client = connect(rig)
  cleanups.push(
    () => rig[Symbol.asyncDispose](),
    () => client.close(),
  )
  return { ...rig, client, talk: new Talk(client) }
}
