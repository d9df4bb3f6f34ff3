export const GET = () => Response.json({ own: true })
