export {
  createGrpcRoutes,
  DEFAULT_GRPC_ROUTES_OPTIONS,
  type GrpcRoutes,
  type GrpcRoutesOptions,
} from './service/routes.ts'
export { createGrpcHandler, type GrpcHandler, type GrpcHandlerOptions } from './call/node-handler.ts'
export type { GrpcRunner, IdentifyCall } from './service/service-parts.ts'
export { createGrpcServer, DEFAULT_GRPC_SERVER_OPTIONS, type GrpcServer, type GrpcServerOptions } from './server.ts'
