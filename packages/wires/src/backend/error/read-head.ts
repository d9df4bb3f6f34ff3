/** How the body of `response` begins, at most `maxBytes` of it; what came, where it was cut. */
export async function readHead(response: Response, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  let left = maxBytes
  try {
    while (left > 0) {
      const { done, value } = await reader.read()
      if (done) break
      text += decoder.decode(value.subarray(0, left), { stream: true })
      left -= value.byteLength
    }
  } catch {
    // The status says enough: a body that is cut is no reason for another error.
  }
  if (left <= 0) reader.cancel().catch(() => {})
  return text
}
