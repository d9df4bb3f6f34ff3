export const GET = () => new Response('large '.repeat(12_000), { headers: { 'content-type': 'text/plain' } })
export const dynamic = 'force-dynamic'
