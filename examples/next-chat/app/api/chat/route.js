import { speak, streams } from '../../../lib/streams.js'

// `EventSource` can only GET. When it reconnects it sends a cursor, and the source is not called again.
export const GET = (request) =>
  streams.tokens(request, ({ signal }) => speak(request.nextUrl.searchParams.get('prompt'), signal))
