import type { Config } from "../env.ts";

/** The container backend: one or more servers (container/) that load any version on demand. */
export interface ContainerBackend {
  readonly instances: number;
  /** @throws where the instance can't be reached */
  fetch(instance: number, request: Request): Promise<Response>;
}

/** The container backend of this deployment, if it has one: a server of one's own, or Cloudflare's containers. */
export function containerBackend(
  namespace: Env["LARGE_MODEL_BACKEND"],
  { containerUrl, containerInstances }: Config,
): ContainerBackend | undefined {
  if (containerUrl !== undefined) return ownContainer(containerUrl);
  return containerInstances === 0 ? undefined : cloudflareContainers(namespace, containerInstances);
}

function ownContainer(url: string): ContainerBackend {
  return {
    instances: 1,
    fetch: async (_instance, request) => await fetch(new Request(new URL(new URL(request.url).pathname, url), request)),
  };
}

/** An instance starts when it is first asked. */
function cloudflareContainers(namespace: Env["LARGE_MODEL_BACKEND"], instances: number): ContainerBackend {
  return {
    instances,
    fetch: async (instance, request) => await namespace.getByName(`instance-${instance}`).fetch(request),
  };
}
