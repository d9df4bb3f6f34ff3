import { parseClientMessage } from '@sluice/websocket'

/** What a client says over a socket: the messages alone, of a package that has Node's server too. */
export async function check(): Promise<unknown> {
  const message = parseClientMessage('{"type":"start","ref":"r","body":{"prompt":"日本🎉"}}')
  return [message.type, message.type === 'start' && message.body.prompt]
}
