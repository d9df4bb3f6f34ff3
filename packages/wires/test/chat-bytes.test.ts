import type { StreamEvent } from '@sluice/core'
import { openAiChat, toChatCompletion } from '@sluice/wires/openai'

import { type EventScript, eventScripts } from '../../conformance/test/bytes/event-scripts.ts'
import { factsOf, ID, startScript } from '../../conformance/test/bytes/played-stream.ts'
import { describeRecorded } from '../../conformance/test/bytes/recorded-vectors.ts'
import { describeWireBytes } from '../../conformance/test/bytes/wire-bytes.ts'

describeWireBytes('openai-chat', openAiChat)
describeWireBytes('openai-chat-ids', openAiChat, { ids: true })

/** Of a stream that was cut there is no whole completion. */
const whole = eventScripts.filter(({ throws, cancelled, facts }) => facts !== null && !throws && !cancelled)

async function collect(script: EventScript): Promise<string> {
  const { stream, play } = await startScript(script, openAiChat)
  const events: StreamEvent[] = []
  const read = (async () => {
    for await (const event of stream) events.push(event)
  })()
  await play()
  await read
  return JSON.stringify(toChatCompletion(factsOf(script)!, stream.id, events)).replaceAll(stream.id, ID)
}

describeRecorded('openai-chat-completion', new Map(whole.map((script) => [script.name, () => collect(script)])))
