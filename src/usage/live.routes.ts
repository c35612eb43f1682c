import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { openFeed } from "../admission/listening.service.ts";
import { callerAddress } from "../http/caller-address.ts";
import { callerOrigin } from "../http/cors.ts";
import { problems } from "../http/contract.ts";
import type { AppEnv } from "../http/context.ts";
import { problem } from "../http/problem.ts";
import { refuse } from "../http/refusals.ts";
import { createRouter } from "../http/router.ts";
import { requires } from "../identity/guards.ts";
import { eventStream } from "./event-stream.ts";
import { liveFrameSchema } from "./feed.schemas.ts";
import { LIVE_PROTOCOL, keyFromProtocol, offeredProtocols } from "./live-protocol.ts";
import { securityOf } from "../identity/needs.ts";

const liveRoute = createRoute({
  method: "get",
  path: "/v1/usage/live",
  operationId: "listenToUsage",
  summary: "Listen to what is used, as it happens",
  description:
    "Needs the scope `usage:read`. A WebSocket, or Server-Sent Events with `Accept: text/event-stream`: a frame `hello`, then a " +
    "frame `tick` for each second in which something happened, and a frame `bye` when the server ends it. A browser's WebSocket, " +
    "which sends no headers, gives the key as a sub-protocol: `tensorgate.live.v1, key.<API key>`. See docs/live.md.",
  tags: ["Usage"],
  security: securityOf("usage:read"),
  middleware: [keyFromProtocol, requires("usage:read")] as const,
  responses: {
    101: { description: "The WebSocket is open; each of its messages is a LiveFrame." },
    200: {
      description: "Server-Sent Events; the data of each is a LiveFrame.",
      content: { "text/event-stream": { schema: liveFrameSchema } },
    },
    ...problems,
  },
});

/** The live feed, from the tenant's cell. */
export const liveRoutes = createRouter().openapi(liveRoute, async (c) => {
  const transport = transportOf(c);
  if (transport === "none") {
    const detail = "Open it as a WebSocket, or send `Accept: text/event-stream` for Server-Sent Events.";
    return problem(c, "upgrade-required", detail, { headers: { Upgrade: "websocket" } });
  }
  if (c.req.method === "HEAD") return new Response(null, { headers: EVENT_STREAM });
  const { tenantId, credential } = c.var.presented;
  const listener = { credential, address: callerAddress(c), origin: callerOrigin(c) };
  const opened = await openFeed(c.var.services.cell(tenantId), listener);
  if (opened.kind !== "open") return refuse(c, opened);
  if (transport === "events") return new Response(eventStream(opened.socket), { headers: EVENT_STREAM });
  const offered = offeredProtocols(c.req.header("Sec-WebSocket-Protocol"));
  const headers = offered.includes(LIVE_PROTOCOL) ? { "Sec-WebSocket-Protocol": LIVE_PROTOCOL } : {};
  return new Response(null, { status: 101, webSocket: opened.socket, headers });
});

const EVENT_STREAM = { "Content-Type": "text/event-stream" };

/** How the caller wants to listen. A HEAD opens nothing. */
function transportOf(c: Context<AppEnv>): "websocket" | "events" | "none" {
  if (c.req.method === "GET" && c.req.header("Upgrade")?.toLowerCase() === "websocket") return "websocket";
  return /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(c.req.header("Accept") ?? "") ? "events" : "none";
}
