const CHAT = '/v1/chat/completions'
/** A first line that is longer is not looked at. */
const HEAD_BYTES = 1024 * 1024

/** Where the lines of a file go, as the first of them says. What is wrong with a line the gateway says, and says better. */
export async function endpointIn(file: File): Promise<string> {
  try {
    const head = await file.slice(0, HEAD_BYTES).text()
    const { url } = JSON.parse(head.trimStart().split('\n', 1)[0]!) as { url?: unknown }
    return typeof url === 'string' ? url : CHAT
  } catch {
    return CHAT
  }
}
